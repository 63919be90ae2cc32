"""What a record's bytes hold: formats and their framing, the registry that keeps schemas, where a value lies."""

"""What a record's bytes hold: Avro in Confluent's framing, and the registry that keeps its schemas."""

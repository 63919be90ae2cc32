"""One small Kafka client: requests in the plain protocol, and what they ask of a cluster."""

"""An order system on Kafka, as it would run in production: each member keeps its promise when things break."""

"""An order system on Kafka, as one would run it: each member keeps its promise when things break."""

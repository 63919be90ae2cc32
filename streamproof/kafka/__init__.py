"""One small Kafka client: requests in the plain protocol, and what they ask of a cluster.

Functions of `topics`, `leaders`, `groups` and `transactions` take bootstrap addresses, ask afresh, wait while the
cluster is electing or loading (at most `requests.PATIENCE_S` seconds), and raise `ClusterError` when it cannot answer.
All in the plain protocol: the client library cannot ask half of it, and prints to stderr when brokers die.
"""

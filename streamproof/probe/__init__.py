"""What a broker does with transactions, groups and logs, asked moment by moment.

A question (`question.py`) is a function that says some requests to a cluster through a `Client` (`client.py`): in the
plain protocol, because client libraries hide what is asked here, such as a sequence that is sent twice, or a generation
that is over. Where a newer request is not what is asked about, its version is of Kafka 2.5, which look-alikes know too.
`ask.py` asks many questions at once.
"""

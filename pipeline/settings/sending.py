"""What all producers have in common."""

from pipeline.settings.base import Config

DELIVERY_TIMEOUT_MS = 120_000
# what a topic takes by default, and room for the reasons: so a dead letter can always be sent
DEAD_LETTER_BYTES = 1_048_588 + 4_096
UNCOMPRESSED_BYTES = 32 * 1024 * 1024  # the client's own bound, before compression: the topic's decides


def producing(delivery_timeout_ms: int, socket_timeout_ms: int) -> Config:
    """What all producers share."""
    return {
        "max.in.flight.requests.per.connection": 5,  # the most that keeps order under idempotence
        "message.send.max.retries": 2147483647,  # time bounds the attempts, not their number
        "delivery.timeout.ms": delivery_timeout_ms,
        # of a partition, and so of a request: in small batches the client spins while five requests are in flight
        "batch.size": 1_000_000,
        "linger.ms": 5,  # fuller batches for five milliseconds
        "queue.buffering.max.kbytes": 64 * 1024,  # buffer.memory, by its name here
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # Java's: the same key, the same partition from every client
        "socket.timeout.ms": socket_timeout_ms,
        "reconnect.backoff.max.ms": 1000,  # 10 s by default: too long after a broker's return
    }


def transactional(connection: Config, transactional_id: str, timeout_ms: int, socket_timeout_ms: int) -> Config:
    """What all transactional producers share; acks=all and idempotence come with transactional.id."""
    return {
        # librdkafka refuses to wait longer for a record than the transaction may last
        **producing(min(DELIVERY_TIMEOUT_MS, timeout_ms), min(socket_timeout_ms, timeout_ms)),
        **connection,
        "client.id": transactional_id,
        "transactional.id": transactional_id,  # the same after a restart: that fences the producer before it
        "transaction.timeout.ms": timeout_ms,  # the coordinator aborts what is open longer
        "message.max.bytes": UNCOMPRESSED_BYTES,
        # until the last transaction's markers are written, the next is refused: ask again soon, not after 100 ms
        "retry.backoff.ms": 2,
        "retry.backoff.max.ms": 20,
    }

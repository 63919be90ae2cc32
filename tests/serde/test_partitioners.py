"""Keys belong where the usual clients put them."""

import pytest
from confluent_kafka import Producer

from streamproof.serde.partitioners import PARTITIONERS

# of Kafka's own tests: org.apache.kafka.common.utils.UtilsTest
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
PARTITIONS = 7


@pytest.mark.parametrize("key", JAVA)
def test_murmur2_is_javas(key: bytes) -> None:
    """Its sign is left out, as the producer does."""
    assert PARTITIONERS["murmur2"](key, 2**31) == JAVA[key] & 0x7FFFFFFF


@pytest.mark.parametrize(("name", "setting"), [("murmur2", "murmur2_random"), ("crc32", "consistent_random")])
def test_keys_lie_where_librdkafka_puts_them(name: str, setting: str) -> None:
    """Of keys of all lengths, on a broker that the client makes up."""
    found: dict[bytes | None, int | None] = {}
    producer = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "test.mock.broker.rtt": 0,
         "partitioner": setting, "log_level": 0}
    )  # fmt: skip
    keys = [bytes(range(n, n + n % 19 + 1)) for n in range(60)]
    for key in keys:
        producer.produce(
            "made-up", b"", key, on_delivery=lambda _, message: found.update({message.key(): message.partition()})
        )
    assert producer.flush(20) == 0
    partitions = 4  # that a topic gets there
    assert found == {key: PARTITIONERS[name](key, partitions) for key in keys}

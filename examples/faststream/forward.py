"""At least once, with FastStream: each record is acknowledged when its effect is."""

import asyncio
import os

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker, KafkaMessage

broker = KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"])
forwarded = broker.publisher(os.environ["OUTPUT_TOPIC"])


@broker.subscriber(
    os.environ["INPUT_TOPIC"],
    group_id=os.environ["GROUP_ID"],
    ack_policy=AckPolicy.NACK_ON_ERROR,  # the default commits by the clock, done or not
    isolation_level="read_committed",  # the default reads what was aborted, too
    auto_offset_reset="earliest",
    session_timeout_ms=6000,
    heartbeat_interval_ms=1000,
)
async def forward(order: dict[str, str], message: KafkaMessage) -> None:
    await forwarded.publish(order, key=message.raw_message.key())


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())

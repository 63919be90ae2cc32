"""At least once, with FastStream: each record is committed when its handler has returned, and its effect is there."""

import asyncio
import os

from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

broker = KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"].split(","))
forwarded = broker.publisher(os.environ["OUTPUT_TOPIC"])


@broker.subscriber(
    os.environ["INPUT_TOPIC"],
    group_id=os.environ["GROUP_ID"],
    auto_commit=False,
    isolation_level="read_committed",
    auto_offset_reset="earliest",
    session_timeout_ms=6000,
    heartbeat_interval_ms=1000,
)
async def forward(order: dict[str, str], message: KafkaMessage) -> None:
    await forwarded.publish(order, key=message.raw_message.key)


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())

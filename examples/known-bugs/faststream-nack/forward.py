"""At least once, with FastStream: what cannot be done yet is given back, to be delivered again."""

import asyncio
import os

from aiokafka import AIOKafkaProducer
from faststream import FastStream
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker, KafkaMessage

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"].split(",")
OUTPUT = os.environ["OUTPUT_TOPIC"]


async def main() -> None:
    broker = KafkaBroker(SERVERS)
    tried: set[str] = set()

    @broker.subscriber(
        os.environ["INPUT_TOPIC"],
        group_id=os.environ["GROUP_ID"],
        auto_commit=False,  # a record is committed when its handler has returned
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    async def forward(order: dict[str, str], message: KafkaMessage) -> None:
        if not is_in_stock(order["event_id"]):
            raise NackMessage
        await producer.send_and_wait(OUTPUT, message.body, message.raw_message.key)

    def is_in_stock(event: str) -> bool:
        """What a service would answer: for a fiftieth of the events first no, and yes when it is asked again."""
        first = event not in tried
        tried.add(event)
        return not (first and int(event.rpartition("-")[2]) % 50 == 0)

    # a producer of its own: in these versions publish() does not wait until the broker has the record
    async with AIOKafkaProducer(bootstrap_servers=SERVERS, enable_idempotence=True) as producer:
        await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main())

"""Exactly once, with aiokafka: effects and offsets in one transaction, as its documentation has it."""

import asyncio
import os
import signal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
GROUP = os.environ["GROUP_ID"]
OUTPUT = os.environ["OUTPUT_TOPIC"]


async def forward(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    """One transaction for what has come: it commits all of it, or nothing."""
    batches = await consumer.getmany(timeout_ms=200, max_records=200)
    if not batches:
        return
    async with producer.transaction():
        for records in batches.values():
            for record in records:
                await producer.send(OUTPUT, record.value, record.key, headers=record.headers)
        done = {partition: records[-1].offset + 1 for partition, records in batches.items()}
        await producer.send_offsets_to_transaction(done, GROUP)


async def main() -> None:
    consumer = AIOKafkaConsumer(
        os.environ["INPUT_TOPIC"],
        bootstrap_servers=SERVERS,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=SERVERS,
        transactional_id=os.environ["TRANSACTIONAL_ID"],
        transaction_timeout_ms=10_000,
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with consumer, producer:
        while not stopping.is_set():
            await forward(consumer, producer)


asyncio.run(main())  # an error ends the process: a restart begins at what is committed

"""A pipeline that is not ours: two plain loops, each a group of its own, with a topic of their own between them.

The last argument says which of the two commits before it has written, if any.
"""

import signal
import sys
from types import FrameType

from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

servers, group, source, target, wrong = sys.argv[1:]
between = f"{group}-between"
running = True


def stop(signum: int, frame: FrameType | None) -> None:
    global running  # noqa: PLW0603 - the whole program is this loop
    running = False


class Stage:
    def __init__(self, group: str, source: str, target: str, *, commits_first: bool) -> None:
        self.target, self.commits_first = target, commits_first
        self.consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 3000,
                "heartbeat.interval.ms": 500,
            }
        )
        self.consumer.subscribe([source])
        self.producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 5})

    def step(self) -> None:
        batch: list[Message] = [message for message in self.consumer.consume(200, 0.05) if not message.error()]
        if batch and self.commits_first:
            self.consumer.commit(asynchronous=False)
        for message in batch:
            self.producer.produce(self.target, message.value(), message.key(), headers=message.headers())
        if batch and self.producer.flush(30) == 0 and not self.commits_first:
            self.consumer.commit(asynchronous=False)


signal.signal(signal.SIGTERM, stop)
admin = AdminClient({"bootstrap.servers": servers})
admin.create_topics([NewTopic(between, 2, 1)])[between].exception()  # the other instance may have made it
stages = [
    Stage(group, source, between, commits_first=wrong == "first"),
    Stage(f"{group}-second", between, target, commits_first=wrong == "second"),
]
while running:
    for stage in stages:
        stage.step()
for stage in stages:
    stage.consumer.close()

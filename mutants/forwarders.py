"""What wrong forwarders have in common: each is the reference with one bug, and a journal of it."""

import os
import time
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition

from mutants.journal import Journal
from pipeline.errors import Abort, Action, StartOver, classify, kafka_error
from pipeline.events import Result
from pipeline.forwarder import Forwarder
from pipeline.handlers import orders
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings

GAP_MS = 20  # between two steps that should be a single step: the broker's clock tells them apart, a kill comes between
LONG_GAP_MS = 100  # the same, where an instance is to be found in it
Results = list[tuple[str, Result]]


class Journaled(Forwarder):
    """The reference, with a journal at JOURNAL."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop, orders(settings))
        self.journal = Journal(Path(os.environ.get("JOURNAL", os.devnull)), settings.transactional_id)
        self.gap_s = int(os.environ.get("GAP_MS", GAP_MS)) / 1000


def commit(forwarder: Forwarder, offsets: list[TopicPartition]) -> None:
    """The consumer's own commit, until its outcome is known; Abort when the group has moved on."""
    while True:
        try:
            done = forwarder.consumer.commit(offsets=offsets, asynchronous=False)
            failed = [partition.error for partition in done or [] if partition.error]
        except KafkaException as exception:
            failed = [kafka_error(exception)]
        if not failed:
            return
        action = classify(failed[0])
        if action is Action.STALE:
            raise Abort(f"commit: {failed[0]}")
        if action not in {Action.RETRY, Action.UNKNOWN}:
            raise StartOver(f"commit: {failed[0]}", fenced=True)
        if forwarder.stop.requested:
            raise StartOver(f"commit: {failed[0]}")
        time.sleep(0.05)

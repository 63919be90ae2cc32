"""The topic of keys, while no broker answers, or none gives what it says is there."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline import key_log
from pipeline.errors import StartOver
from pipeline.key_log import KeyLog
from pipeline.process import Stop
from pipeline.settings import ApiSettings

TIMEOUT_MS = 60_000


class Silent:
    """A consumer whose brokers do not answer; a stop comes with the second question."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        self.waited: list[float] = []
        self.closed = 0

    def __call__(self, *_: object, **__: object) -> "Silent":
        return self

    def list_topics(self, _topic: str, timeout: float) -> Any:
        self.waited.append(timeout)
        if len(self.waited) == 2:
            self.stop.request()
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    def close(self) -> None:
        self.closed += 1


def test_a_stop_ends_the_wait_for_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question outlasts a moment, and none follows the stop's grace, however long a transaction may last."""
    silent = Silent(Stop(0))
    monkeypatch.setattr(key_log, "Consumer", silent)
    settings = ApiSettings(kafka_bootstrap_servers="nowhere:1", transaction_timeout_ms=TIMEOUT_MS)
    with pytest.raises(StartOver, match="did not say in time"):
        list(KeyLog(settings, silent.stop).read())
    assert len(silent.waited) == 2
    assert max(silent.waited) <= key_log.STEP_S
    assert silent.closed == 2


class Stuck(Silent):
    """A consumer that is told where the topic ends, and is never given a record; a stop comes with the third look."""

    def list_topics(self, topic: str, timeout: float) -> Any:  # noqa: ARG002 - as a consumer has it
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions=(0,))})

    def get_watermark_offsets(self, _place: object, timeout: float) -> tuple[int, int]:  # noqa: ARG002
        return 0, 1

    def assign(self, _places: object) -> None:
        pass

    def consume(self, _count: int, timeout: float) -> list[Any]:
        self.waited.append(timeout)
        assert len(self.waited) <= 3, "it is asked again after the stop's grace"
        if len(self.waited) == 3:
            self.stop.request()
        return []


def test_a_stop_ends_the_wait_for_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an open transaction hides is not waited for beyond the stop's grace."""
    stuck = Stuck(Stop(0))
    monkeypatch.setattr(key_log, "Consumer", stuck)
    settings = ApiSettings(kafka_bootstrap_servers="nowhere:1", transaction_timeout_ms=TIMEOUT_MS)
    with pytest.raises(StartOver, match="was not reached in time"):
        list(KeyLog(settings, stuck.stop).read())
    assert stuck.closed == 2

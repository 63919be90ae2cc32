"""Forwarders that send wrong values: each spoils some of what it sends, and writes down whose it was."""

import json
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Message

from mutants.forwarders import Journaled, Results
from mutants.journal import event_id
from mutants.mutant import Mutant, running
from mutants.witnesses import spoilt
from pipeline.events import Headers, Result
from pipeline.group_member import Batch
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings

SPOIL_EVERY = 50
STALE_EVERY = 7


class Spoils(Journaled):
    """Spoils what `_spoil` says, and notes whose it was."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self.topics = settings
        self._spoilt: set[str] = set()
        self._results = 0

    def results(self, batch: Batch) -> Results:
        self._spoilt.clear()
        return list(self._spoil(super().results(batch)))

    def send(self, batch: Batch, results: Results) -> None:
        super().send(batch, results)
        self.journal.next_batch()
        self.journal.write("sent", batch)
        self.journal.write("spoilt", Batch([message for message in batch.messages if self._is_spoilt(message)]))

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        raise NotImplementedError

    def _note(self, headers: Headers) -> None:
        if found := event_id(headers):
            self._spoilt.add(found)

    def _is_spoilt(self, message: Message) -> bool:
        return event_id(message.headers()) in self._spoilt


class SwapsPayloads(Spoils):
    """The bug: results are put together by their place in a list, and now and then two values change places."""

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        notes = [n for n, (topic, _) in enumerate(results) if topic == self.topics.notifications_topic]
        first = notes[0] if notes else None
        other = next((n for n in notes if results[n][1].key != results[notes[0]][1].key), None)
        if first is not None and other is not None:
            (topic, one), (_, two) = results[first], results[other]
            results[first] = topic, one._replace(value=two.value)
            results[other] = topic, two._replace(value=one.value)
            self._note(one.headers)
            self._note(two.headers)
        return results


class _SpoilsSome(Spoils):
    """Every nth record for one of the topics is another."""

    topic = "processed_topic"

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        for topic, result in results:
            if topic == getattr(self.topics, self.topic):
                self._results += 1
                if self._results % SPOIL_EVERY == 0:
                    self._note(result.headers)
                    yield topic, self._other(result)
                    continue
            yield topic, result

    def _other(self, result: Result) -> Result:
        raise NotImplementedError


class WrongKey(_SpoilsSome):
    """The bug: some notifications are sent under the event's id, and not under the order's."""

    topic = "notifications_topic"

    def _other(self, result: Result) -> Result:
        return result._replace(key=(event_id(result.headers) or "").encode())


class _SpoilsValue(_SpoilsSome):
    def _other(self, result: Result) -> Result:
        value = json.loads(result.value or b"{}")
        self._change(value)
        return result._replace(value=json.dumps(value).encode())

    def _change(self, value: dict[str, Any]) -> None:
        raise NotImplementedError


class ChangesField(_SpoilsValue):
    """The bug: some amounts are a cent more, as by rounding."""

    def _change(self, value: dict[str, Any]) -> None:
        value["amount"] += 1


class DropsField(_SpoilsValue):
    """The bug: a field gets lost on the way, as where a schema's version does not know it."""

    def _change(self, value: dict[str, Any]) -> None:
        del value["currency"]


class StaleText(Spoils):
    """The bug: some notifications tell what was told of their order before, as out of a cache."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._last: dict[bytes | None, bytes | None] = {}

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        for topic, result in results:
            if topic == self.topics.notifications_topic:
                before = self._last.get(result.key)
                self._last[result.key] = result.value
                self._results += 1
                if self._results % STALE_EVERY == 0 and before not in {None, result.value}:
                    self._note(result.headers)
                    yield topic, result._replace(value=before)
                    continue
            yield topic, result


class DropsKind(Spoils):
    """The bug: nobody is told of what was cancelled: a kind of event that was added later, and is not in a list."""

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        for topic, result in results:
            if topic == self.topics.processed_topic and json.loads(result.value or b"{}")["status"] == "cancelled":
                self._note(result.headers)
            if topic != self.topics.notifications_topic or event_id(result.headers) not in self._spoilt:
                yield topic, result


class TellsTheLast(Spoils):
    """The bug: of a batch, each customer is told the last alone, as where a map by key is sent."""

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        notes = self.topics.notifications_topic
        last = {result.key: n for n, (topic, result) in enumerate(results) if topic == notes}
        for n, (topic, result) in enumerate(results):
            if topic == notes and last[result.key] != n:
                self._note(result.headers)
            else:
                yield topic, result


def spoils(name: str, bug: str, kind: type[Spoils], *anomalies: str) -> Mutant:
    """A mutant that spoils some of what it sends: one kill is enough to show that what is done again counts once."""
    return Mutant(name, bug, running(ForwarderSettings, kind), anomalies, spoilt(*anomalies), faults="kill")


MUTANTS = (
    spoils("swaps-payloads", "gives two records of a batch each other's value", SwapsPayloads, "corrupted"),
    spoils("changes-field", "changes the amount of some events", ChangesField, "corrupted"),
    spoils("drops-field", "leaves out a field of some events", DropsField, "corrupted"),
    spoils("wrong-key", "sends some records under another key", WrongKey, "misrouted"),
    spoils("stale-text", "tells some customers what it told them before", StaleText, "corrupted"),
    spoils("drops-kind", "sends no notification of a kind of event that it does not know", DropsKind, "lost"),
    spoils("tells-the-last", "sends of each key the last notification of a batch alone", TellsTheLast, "lost"),
)

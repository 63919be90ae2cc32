"""What a broker says that is not so, by name: rules of a proxy before it, each the smallest change to an honest answer.

Whoever is lied to is told the same of a place by each lie. All that is said is written to a journal before it is said.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kio.schema.consumer_protocol_assignment.v3.data import ConsumerProtocolAssignment
from kio.serial import entity_reader, entity_writer

from mutants.journal import Journal
from streamproof.history.terms import Side
from streamproof.kafka.batches import Batch, headers
from streamproof.wire import Change, Deed, Proxy, Rule, Sighting

FROM = 40  # the offset from which on a batch is lied about: records lie before it, and many come after it
LENGTH_AT, LENGTH_SIZE = 8, 4  # of a batch's header: how many bytes come after it, and what all of it takes
COUNT_AT, HEADER_SIZE = 57, 61
VERSION_SIZE = 2  # of an assignment
Place = tuple[str, int]


@dataclass(frozen=True)
class Lie:
    """`rule`: made for a proxy, with a journal. `to_readers`: to those of the verifier, and not to the subject."""

    rule: Callable[[Proxy, Journal], Rule]
    to_readers: bool = True


class Fetched:
    """A rule that says of each partition what is asked for, as it is."""

    def __init__(self, proxy: Proxy, journal: Journal) -> None:
        self._proxy, self._journal = proxy, journal

    def __call__(self, sighting: Sighting, /) -> Deed | None:
        fetched = sighting.api == "Fetch" and sighting.side is Side.RESPONSE
        return Change(self._answer) if fetched else None

    def said(self, place: Place, fetched: Any) -> Any:  # noqa: ARG002 - for lies
        """What is said of a partition in the place of what was fetched."""
        return fetched

    def note(self, act: str, place: Place, offset: int) -> None:
        self._journal.note(act, (), {place: offset})

    def _answer(self, answer: Any) -> Any:
        return replace(answer, responses=tuple(self._topic(topic) for topic in answer.responses))

    def _topic(self, topic: Any) -> Any:
        name = topic.topic if hasattr(topic, "topic") else self._proxy.topic_name(topic.topic_id)
        parts = tuple(self.said((name, int(part.partition_index)), part) for part in topic.partitions)
        return replace(topic, partitions=parts)


class OneBatch(Fetched):
    """Lies about a single batch of each partition, to all who ask: a plain batch, whose records are there for all."""

    act = ""

    def __init__(self, proxy: Proxy, journal: Journal) -> None:
        super().__init__(proxy, journal)
        self._chosen: dict[Place, int] = {}

    def said(self, place: Place, fetched: Any) -> Any:
        batches = list(_batches(bytes(fetched.records or b"")))
        whole = zip(headers(memoryview(b"".join(batches))), batches, strict=True)
        return replace(fetched, records=b"".join(self._instead(place, header, batch) for header, batch in whole))

    def lie(self, place: Place, batch: bytes) -> bytes | None:
        """What is said in the place of a batch; None where nothing can be made of it."""
        raise NotImplementedError

    def _instead(self, place: Place, header: Batch, batch: bytes) -> bytes:
        if header.transactional or header.control != "none" or header.base_off < FROM:
            return batch
        if self._chosen.get(place, header.base_off) != header.base_off or (lie := self.lie(place, batch)) is None:
            return batch
        if place not in self._chosen:
            self._chosen[place] = header.base_off
            for offset in range(header.base_off, header.last_off + 1):
                self.note(self.act, place, offset)
        return lie


class Twice(OneBatch):
    """The lie: a batch comes again behind itself."""

    act = "twice"

    def lie(self, place: Place, batch: bytes) -> bytes:  # noqa: ARG002
        return batch + batch


class Hidden(OneBatch):
    """The lie: a batch is empty, as where a log was compacted."""

    act = "hidden"

    def lie(self, place: Place, batch: bytes) -> bytes:  # noqa: ARG002
        length = (HEADER_SIZE - LENGTH_AT - LENGTH_SIZE).to_bytes(LENGTH_SIZE)
        return batch[:LENGTH_AT] + length + batch[LENGTH_AT + LENGTH_SIZE : COUNT_AT] + bytes(HEADER_SIZE - COUNT_AT)


class Other(OneBatch):
    """The lie: a batch has the records of an earlier batch, which has as many."""

    act = "other"

    def __init__(self, proxy: Proxy, journal: Journal) -> None:
        super().__init__(proxy, journal)
        self._earlier: dict[tuple[Place, bytes], bytes] = {}

    def lie(self, place: Place, batch: bytes) -> bytes | None:
        earlier = self._earlier.setdefault((place, batch[COUNT_AT:HEADER_SIZE]), batch)
        return batch[:LENGTH_AT] + earlier[LENGTH_AT:] if earlier[:LENGTH_AT] < batch[:LENGTH_AT] else None


class NothingAborted(Fetched):
    """The lie: no transaction was aborted."""

    def said(self, place: Place, fetched: Any) -> Any:
        if not fetched.aborted_transactions:
            return fetched
        for aborted in fetched.aborted_transactions:
            self.note("not-aborted", place, int(aborted.first_offset))
        return replace(fetched, aborted_transactions=())


def from_nobody(_proxy: Proxy, _journal: Journal) -> Rule:
    """The lie: a transaction's offsets come from no member, so that nothing says whose they are: they are taken."""

    def nobody(asked: Any) -> Any:
        return replace(asked, generation_id=-1, member_id="", group_instance_id=None)

    def rule(sighting: Sighting, /) -> Deed | None:
        sent = sighting.api == "TxnOffsetCommit" and sighting.side is Side.REQUEST
        return Change(nobody) if sent else None

    return rule


def without_owner(_proxy: Proxy, journal: Journal) -> Rule:
    """The lie: whatever the leader of a group has assigned, nobody was given the first partition."""

    def forgetful(asked: Any) -> Any:
        return replace(
            asked, assignments=tuple(replace(one, assignment=less(one.assignment)) for one in asked.assignments)
        )

    def less(assignment: bytes) -> bytes:
        version, body = assignment[:VERSION_SIZE], assignment[VERSION_SIZE:]
        assigned, _ = entity_reader(ConsumerProtocolAssignment)(body, 0)
        for topic in assigned.assigned_partitions:
            if 0 in topic.partitions:
                journal.note("forgotten", (), {(topic.topic, 0): 0})
        kept = tuple(
            replace(topic, partitions=tuple(part for part in topic.partitions if part != 0))
            for topic in assigned.assigned_partitions
        )
        buffer = io.BytesIO()
        entity_writer(ConsumerProtocolAssignment)(buffer, replace(assigned, assigned_partitions=kept))
        return version + buffer.getvalue()

    def rule(sighting: Sighting, /) -> Deed | None:
        sent = sighting.api == "SyncGroup" and sighting.side is Side.REQUEST
        return Change(forgetful) if sent else None

    return rule


def _batches(records: bytes) -> Iterator[bytes]:
    """Each that is whole."""
    place = 0
    while place + HEADER_SIZE <= len(records):
        start = place + LENGTH_AT
        end = start + LENGTH_SIZE + int.from_bytes(records[start : start + LENGTH_SIZE])
        if end > len(records):
            return
        yield records[place:end]
        place = end


LIES: Mapping[str, Lie] = {
    "none": Lie(Fetched),
    "twice": Lie(Twice),
    "hidden": Lie(Hidden),
    "other": Lie(Other),
    "nothing-aborted": Lie(NothingAborted),
    "from-nobody": Lie(from_nobody, to_readers=False),
    "without-owner": Lie(without_owner, to_readers=False),
}

"""One look at a cluster: what its groups have committed, and what they have still to read. Nothing is written there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from streamproof.clock import now_us
from streamproof.kafka import requests
from streamproof.kafka.groups import OWN_PREFIX, Group, describe_group, list_committed_offsets, list_groups
from streamproof.kafka.leaders import Partition
from streamproof.kafka.topics import Offsets, list_offsets
from streamproof.kafka.transactions import Transaction, Written, list_ongoing_transactions, list_open_producers
from streamproof.kafka.unread import Unread, find_unread

DEAD_LETTERS = ("*dlq*",)  # patterns of names, in either case
LATE_S = 10.0  # a coordinator looks so often for what is past its time, unless a broker is told otherwise


@dataclass(frozen=True)
class Position:
    """Where a group is in a partition. None is what nobody knows now: no commit, or a topic that is electing leaders.

    `unread`: the first record that the group has not committed past; None too where there is none that can be read.
    """

    committed: int | None
    ends: Offsets | None
    unread: Unread | None = None
    owned: bool = False

    @property
    def lag(self) -> int | None:
        """How many offsets, from the first unread record to the last stable offset."""
        if self.committed is None or self.ends is None:
            return None
        return max(0, self.ends.last_stable - self.unread.off) if self.unread else 0


@dataclass(frozen=True)
class Reader:
    """A group, and its position in each partition that it has committed in or that a member has."""

    group: Group
    positions: Mapping[Partition, Position]


@dataclass(frozen=True)
class Hanging:
    """A transaction that should have ended: one past its time, or one of which no coordinator knows.

    The latter has its producer's id alone. `places`: the partitions in which it holds readers back.
    """

    producer_id: int
    places: tuple[Partition, ...]
    transactional_id: str | None = None
    open_s: float | None = None
    timeout_s: float | None = None


@dataclass(frozen=True)
class Look:
    """What was seen at `at_us`. `dead_letters`: where each topic of dead letters ends, its partitions added up."""

    at_us: int
    readers: Mapping[str, Reader] = field(default_factory=dict)
    ongoing: int = 0
    hanging: tuple[Hanging, ...] = ()
    dead_letters: Mapping[str, int] = field(default_factory=dict)


def look(bootstrap: str, groups: Sequence[str] = (), dead_letters: Collection[str] = DEAD_LETTERS) -> Look:
    """Look at `groups`, or at all that are not the verifier's own. ClusterError when the brokers do not say.

    `dead_letters`: patterns of the topics' names.
    """
    names = groups or [name for name in list_groups(bootstrap) if not name.startswith(OWN_PREFIX)]
    seen = {name: describe_group(bootstrap, name) for name in names}
    # before the ends, so that no group is ahead of them
    committed = {name: list_committed_offsets(bootstrap, name) for name in names}
    ends = list_offsets(bootstrap, _led_topics(bootstrap))
    starts = {
        (name, place): (*place, max(offset, ends[place].begin))
        for name, offsets in committed.items()
        for place, offset in offsets.items()
        if place in ends
    }
    ranges = {start: ends[place].last_stable for (_, place), start in starts.items()}
    unread = find_unread(bootstrap, {start: end for start, end in ranges.items() if start[2] < end})
    at_us = now_us()

    def position(name: str, place: Partition) -> Position:
        first = unread.get(starts[name, place]) if (name, place) in starts else None
        return Position(committed[name].get(place), ends.get(place), first, place in seen[name].assigned)

    ongoing, hanging = _transactions(bootstrap, ends, at_us)
    return Look(
        at_us=at_us,
        readers={
            name: Reader(
                group, {place: position(name, place) for place in sorted(committed[name].keys() | group.assigned)}
            )
            for name, group in seen.items()
        },
        ongoing=ongoing,
        hanging=hanging,
        dead_letters=_added_up(ends, dead_letters),
    )


def _led_topics(bootstrap: str) -> list[str]:
    """The topics of which each partition has a leader now; of the others nobody can say where they end."""
    return [
        str(topic.name)
        for topic in requests.find_metadata(bootstrap, None).topics
        if topic.name is not None and topic.partitions and all(part.leader_id >= 0 for part in topic.partitions)
    ]


def _transactions(bootstrap: str, ends: Mapping[Partition, Offsets], at_us: int) -> tuple[int, tuple[Hanging, ...]]:
    """How many transactions go on, and those that hang."""
    topics = {topic for (topic, _), end in ends.items() if end.last_stable < end.high_watermark}
    before = {pid: _begun(written) for pid, written in list_open_producers(bootstrap, topics).items()}
    ongoing = list_ongoing_transactions(bootstrap)
    unknown = before.keys() - ongoing.keys()
    # a coordinator calls a transaction complete when all its markers are written: what is open after that, stays open
    after = list_open_producers(bootstrap, topics) if unknown else {}
    orphans = {pid: before[pid] & _begun(after.get(pid, frozenset())) for pid in sorted(unknown)}
    late = (_if_late(one, before.get(pid, frozenset()), at_us) for pid, one in sorted(ongoing.items()))
    return len(ongoing), (
        *(one for one in late if one),
        *(Hanging(pid, _places(begun)) for pid, begun in orphans.items() if begun),
    )


def _if_late(transaction: Transaction, begun: "Begun", at_us: int) -> Hanging | None:
    open_s = at_us / 1e6 - (transaction.start_ms or 0) / 1000
    timeout_s = transaction.timeout_ms / 1000
    if transaction.start_ms is None or open_s <= timeout_s + LATE_S:
        return None
    return Hanging(transaction.producer_id, _places(begun), transaction.transactional_id, open_s, timeout_s)


Begun = frozenset[tuple[str, int, int]]  # topic, partition, and where a transaction begins there


def _begun(written: Written) -> Begun:
    return frozenset((topic, part, begin) for topic, part, begin, _ in written)


def _places(begun: Begun) -> tuple[Partition, ...]:
    return tuple(sorted((topic, part) for topic, part, _ in begun))


def _added_up(ends: Mapping[Partition, Offsets], patterns: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (topic, _), end in sorted(ends.items()):
        if any(fnmatchcase(topic.lower(), pattern.lower()) for pattern in patterns):
            found[topic] = found.get(topic, 0) + end.last_stable
    return found

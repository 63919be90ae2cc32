"""What a window of looks tells, as the document that `lag --json` prints, its table shows and its exporter serves."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from streamproof.kafka.leaders import Partition
from streamproof.lag.look import Look, Position, Reader
from streamproof.lag.states import WINDOW, Sample, State, state_of

US = 1_000_000
SETTLED = ("Stable", "Empty", "Dead")  # states of a group that is not rebalancing


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class PartitionLag(_Document):
    """A group in a partition. Null is what nobody knows: nothing is committed, or the topic is electing leaders.

    `lag`: offsets from the first unread record to the last stable offset; `lag_seconds`: the age of that record;
    `held_back`: offsets behind the last stable offset, which open transactions keep from readers. `owned`: whether a
    member has the partition.
    """

    topic: str
    partition: int
    committed: int | None
    last_stable_offset: int | None
    lag: int | None
    lag_seconds: float | None
    held_back: int | None
    owned: bool
    state: State


class GroupLag(_Document):
    """A consumer group. `state`: the coordinator's word. `epoch`: null for a group of the classic protocol.

    `unsettled`: at how many looks of the window it was rebalancing, or was not what it had been at the look before.
    `lag`: of all partitions; `lag_seconds`: the greatest.
    """

    group: str
    state: str
    members: int
    epoch: int | None
    unsettled: int
    lag: int
    lag_seconds: float
    partitions: tuple[PartitionLag, ...]


class HangingTransaction(_Document):
    """A transaction that should have ended. What no coordinator knows of has its producer's id alone."""

    transactional_id: str | None
    producer_id: int
    open_seconds: float | None
    timeout_seconds: float | None
    partitions: tuple[str, ...]


class DeadLetters(_Document):
    """A topic of dead letters: where it ends, its partitions added up, and by how much that grew in the window."""

    topic: str
    end: int
    arrived: int


class LagReport(_Document):
    """All that the looks of a window tell; `looks`: how many there were, of the `window` that states need."""

    at: datetime
    looks: int
    window: int
    groups: tuple[GroupLag, ...]
    ongoing_transactions: int
    hanging_transactions: tuple[HangingTransaction, ...]
    dead_letters: tuple[DeadLetters, ...]


def report_of(looks: Sequence[Look], window: int = WINDOW) -> LagReport:
    """What the last `window` of `looks` tell; there is at least one."""
    seen = looks[-window:]
    now = seen[-1]
    return LagReport(
        at=datetime.fromtimestamp(now.at_us / US, UTC),
        looks=len(seen),
        window=window,
        groups=tuple(_group(name, seen, window) for name in sorted(now.readers)),
        ongoing_transactions=now.ongoing,
        hanging_transactions=_hanging(now),
        dead_letters=tuple(
            DeadLetters(topic=topic, end=end, arrived=end - _first_end(topic, seen))
            for topic, end in now.dead_letters.items()
        ),
    )


def _first_end(topic: str, looks: Sequence[Look]) -> int:
    """Where a topic ended at the first look; a topic that came later was empty then."""
    return looks[0].dead_letters.get(topic, 0)


def _group(name: str, looks: Sequence[Look], window: int) -> GroupLag:
    reader = looks[-1].readers[name]
    partitions = tuple(_partition(name, place, looks, window) for place in reader.positions)
    return GroupLag(
        group=name,
        state=reader.group.state,
        members=reader.group.members,
        epoch=reader.group.epoch,
        unsettled=_unsettled([look.readers[name] for look in looks if name in look.readers]),
        lag=sum(each.lag or 0 for each in partitions),
        lag_seconds=max((each.lag_seconds or 0.0 for each in partitions), default=0.0),
        partitions=partitions,
    )


def _unsettled(readers: Sequence[Reader]) -> int:
    """In how many looks the group was rebalancing, or was not what it had been at the look before."""
    groups = [reader.group for reader in readers]
    changed = sum(
        now.state not in SETTLED or (now.ids, now.assigned, now.epoch) != (before.ids, before.assigned, before.epoch)
        for before, now in pairwise(groups)
    )
    return changed + (groups[0].state not in SETTLED)


def _partition(name: str, place: Partition, looks: Sequence[Look], window: int) -> PartitionLag:
    now = looks[-1].readers[name].positions[place]
    history = (look.readers[name].positions.get(place) for look in looks if name in look.readers)
    samples = [sample for position in history if position and (sample := _sample(position))]
    ends, unread = now.ends, now.unread
    age_us = max(0, looks[-1].at_us - unread.t_append) if unread else 0
    return PartitionLag(
        topic=place[0],
        partition=place[1],
        committed=now.committed,
        last_stable_offset=ends.last_stable if ends else None,
        lag=now.lag,
        lag_seconds=None if now.lag is None else age_us / US,
        held_back=ends.high_watermark - ends.last_stable if ends else None,
        owned=now.owned,
        state=state_of(samples, window),
    )


def _sample(position: Position) -> Sample | None:
    if position.committed is None or position.lag is None:
        return None
    return Sample(position.committed, position.lag, position.owned)


def _hanging(look: Look) -> tuple[HangingTransaction, ...]:
    return tuple(
        HangingTransaction(
            transactional_id=one.transactional_id,
            producer_id=one.producer_id,
            open_seconds=one.open_s,
            timeout_seconds=one.timeout_s,
            partitions=tuple(f"{topic}[{part}]" for topic, part in one.places),
        )
        for one in look.hanging
    )

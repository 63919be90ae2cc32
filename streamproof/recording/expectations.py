"""What inputs should cause: rows of the `expected` table, from each input's fate and the channels of its effects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Protocol

from streamproof.contract.model import NOTHING, Holds
from streamproof.history.store import ROWS_PER_GROUP, HistoryWriter
from streamproof.history.terms import Fate
from streamproof.recording.columns import Columns
from streamproof.recording.holding import Echo, InputRecord, due_echo
from streamproof.serde.locators import Locator
from streamproof.workload.events import Event

Fates = Mapping[str, tuple[int, Fate]]  # sequence and fate of each id that was sent
UNSENT: tuple[int | None, Fate] = (None, Fate.PROCESS)  # of an id that nobody sent
Counts = tuple[int, int]  # at least, at most


class Caused(Protocol):
    """A channel on which an input has effects: `per_input` of a processed input, or the dead letters of poison."""

    @property
    def channel(self) -> str: ...
    @property
    def per_input(self) -> int: ...
    @property
    def dead_letters(self) -> bool: ...
    @property
    def holds(self) -> Holds: ...


@dataclass(frozen=True)
class EffectQuery:
    """A query of whose rows each processed input causes `per_input`; `identity` names the column of an input's id."""

    channel: str
    url: str  # SQLAlchemy's
    query: str
    identity: Locator
    per_input: int = 1
    dead_letters: bool = False
    holds: Holds = NOTHING


@dataclass(frozen=True)
class Due:
    """How often an input should have its effects, and its dead letters."""

    effects: Counts
    dead_letters: Counts = (0, 0)


def due_by_fate(fates: Fates, times_visible: Mapping[str, int]) -> Mapping[str, Due]:
    """What each input in a log is due. An id that is in the log k times may have its effects k times."""
    return {name: _due(fates.get(name, UNSENT)[1], times) for name, times in times_visible.items()}


@cache
def _due(fate: Fate, times: int) -> Due:
    """The same value for nearly all inputs: a run has thousands."""
    all_times = (min(times, 1), times)
    return Due(
        effects=all_times if fate is Fate.PROCESS else (0, 0),
        dead_letters=all_times if fate is Fate.POISON else (0, 0),
    )


def write_expected(
    writer: HistoryWriter,
    grp: str,
    channels: Sequence[Caused],
    due: Mapping[str, Due],
    events: Mapping[str, Event],
) -> None:
    """A row for each input and channel, for the group `grp`. `events`: what was sent, by id.

    UsageError where a function of the contract's fails.
    """
    inputs, columns = iter(due.items()), Columns(writer, "expected")
    while some := dict(islice(inputs, ROWS_PER_GROUP)):
        echoes = _echoes(channels, some, events)
        for channel in channels:
            counts = [each.dead_letters if channel.dead_letters else each.effects for each in some.values()]
            columns.extend(
                len(some), id=list(some), grp=grp, channel=channel.channel,
                at_least=[low * channel.per_input for low, _ in counts],
                at_most=[high * channel.per_input for _, high in counts], echo=echoes.get(channel.channel),
            )  # fmt: skip
    columns.flush()


def _echoes(
    channels: Sequence[Caused], some: Iterable[str], events: Mapping[str, Event]
) -> Mapping[str, list[Echo | None]]:
    """What the effects of each input must hold on each channel of which the contract says it."""
    holding = [channel for channel in channels if channel.holds.fields]
    if not holding:
        return {}
    sent = (events.get(name) for name in some)
    records = [InputRecord.of(event) if event and event.fate is Fate.PROCESS else None for event in sent]
    return {
        channel.channel: [due_echo(channel.holds, record) if record else None for record in records]
        for channel in holding
    }

"""What a window of looks tells, on looks written by hand."""

from collections.abc import Mapping

from streamproof.kafka.groups import Group
from streamproof.kafka.topics import Offsets
from streamproof.kafka.unread import Unread
from streamproof.lag.document import GroupLag, report_of
from streamproof.lag.look import Look, Position, Reader
from streamproof.lag.states import WINDOW, State

PLACE = ("orders", 0)
STABLE = Group("Stable", frozenset({"a"}), assigned=frozenset({PLACE}))


def look(at_s: int, position: Position, group: Group = STABLE, letters: Mapping[str, int] | None = None) -> Look:
    return Look(at_s * 1_000_000, {"movers": Reader(group, {PLACE: position})}, dead_letters=letters or {})


def told(*looks: Look) -> GroupLag:
    (group,) = report_of(looks).groups
    return group


def test_lag_is_counted_from_the_first_record_that_can_be_read() -> None:
    """Not from the commit: markers and aborted records between them are no work. Its age is the lag in time."""
    position = Position(10, Offsets(0, 20, 25), Unread(14, 3_500_000), owned=True)
    (part,) = told(look(5, position)).partitions
    assert (part.lag, part.lag_seconds, part.held_back) == (6, 1.5, 5)


def test_a_group_that_has_read_all_that_can_be_read_has_no_lag() -> None:
    """Though the log ends behind what it has committed."""
    group = told(look(5, Position(10, Offsets(0, 20, 20))))
    assert (group.lag, group.lag_seconds, group.partitions[0].state) == (0, 0.0, State.OK)


def test_what_nobody_knows_is_null_and_not_zero() -> None:
    """A partition in which nothing is committed, and a topic that is electing leaders."""
    for unknown in (Position(None, Offsets(0, 5, 5)), Position(3, None)):
        (part,) = told(look(5, unknown)).partitions
        assert (part.lag, part.lag_seconds, part.state) == (None, None, State.UNKNOWN)


def test_a_clock_ahead_of_ours_makes_no_negative_lag() -> None:
    """The brokers', or a producer's."""
    assert told(look(5, Position(1, Offsets(0, 9, 9), Unread(1, 6_000_000)))).lag_seconds == 0


def test_a_look_that_knows_nothing_leaves_its_window_incomplete() -> None:
    """During an election nobody says that a group stands still, nor that it goes on."""
    stuck, unknown = Position(1, Offsets(0, 9, 9), Unread(1, 0), owned=True), Position(1, None)
    looks = [look(n, unknown if n == 3 else stuck) for n in range(WINDOW)]
    assert told(*looks).partitions[0].state is State.UNKNOWN
    assert told(*[look(n, stuck) for n in range(WINDOW)]).partitions[0].state is State.STALLED


def test_a_group_is_unsettled_where_it_rebalances_or_has_changed() -> None:
    """Its members, what they have, or its epoch. Of the first look it is seen only that it rebalances."""
    position = Position(1, Offsets(0, 1, 1))
    other = Group("Stable", frozenset({"b"}), assigned=frozenset({PLACE}))
    joining = Group("PreparingRebalance", frozenset({"a", "b"}))
    groups = [STABLE, STABLE, other, joining, joining, STABLE, STABLE]
    assert told(*[look(n, position, group) for n, group in enumerate(groups)]).unsettled == 4
    assert told(look(1, position, joining)).unsettled == 1
    epochs = [Group("Stable", frozenset({"a"}), epoch=epoch) for epoch in (1, 1, 2)]
    assert told(*[look(n, position, group) for n, group in enumerate(epochs)]).unsettled == 1


def test_dead_letters_are_counted_from_the_first_look_of_the_window() -> None:
    """A topic that was made since had none."""
    position = Position(1, Offsets(0, 1, 1))
    looks = [look(1, position, letters={"a.dlq": 5}), look(2, position, letters={"a.dlq": 8, "b.dlq": 2})]
    found = {each.topic: (each.end, each.arrived) for each in report_of(looks).dead_letters}
    assert found == {"a.dlq": (8, 3), "b.dlq": (2, 2)}

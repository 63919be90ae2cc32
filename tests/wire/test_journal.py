"""What the journal keeps: each in its order, and what is asked again and again only once."""

from typing import Any

from streamproof.history.terms import Handling, Side
from streamproof.wire import Content, Sighting
from streamproof.wire.journal import Journal

FETCH = Sighting(1, 1, 1, "broker:9", "Fetch", 17, "client", Side.REQUEST)
OTHER = Sighting(1, 1, 1, "broker:9", "Metadata", 13, "client", Side.REQUEST)
ELSEWHERE = Sighting(2, 1, 1, "broker:9", "Fetch", 17, "client", Side.REQUEST)


def kept(journal: Journal) -> list[Any]:
    rows = sorted((entry.row({"broker:9": 4}) for entry in journal.take_all()), key=lambda row: int(row["n"]))
    return [(row["conn"], row["api"], row["n"], row["times"], row["rule"]) for row in rows]


def test_equal_requests_that_follow_each_other_are_a_row() -> None:
    """What another connection does meanwhile does not part them; another request on theirs does."""
    journal = Journal()
    for sighting in (FETCH, FETCH, ELSEWHERE, FETCH, OTHER, FETCH):
        journal.note(sighting)
    assert kept(journal) == [
        (1, "Fetch", 1, 3, None), (2, "Fetch", 3, 1, None), (1, "Metadata", 5, 1, None), (1, "Fetch", 6, 1, None),
    ]  # fmt: skip


def test_what_differs_in_what_it_says_is_a_row_of_its_own() -> None:
    """As another generation; their size does not matter."""
    journal = Journal()
    for generation, size in ((1, 10), (1, 20), (2, 10)):
        content = Content(grp="g", generation=generation)
        journal.note(Sighting(1, 1, 1, "broker:9", "Heartbeat", 4, None, Side.REQUEST, content, None, size))
    assert [times for _, _, _, times, _ in kept(journal)] == [2, 1]


def test_what_was_held_stands_alone() -> None:
    """Neither with what came before it nor with what comes after."""
    journal = Journal()
    journal.note(FETCH)
    journal.note(FETCH, Handling.HELD)
    journal.note(FETCH)
    assert [(times, rule) for _, _, _, times, rule in kept(journal)] == [(1, None), (1, "held"), (1, None)]


def test_only_what_is_complete_is_taken_while_it_grows() -> None:
    """The last of a connection may come again."""
    journal = Journal()
    journal.note(FETCH)
    assert not list(journal.take())
    journal.note(OTHER)
    assert [entry.sighting for entry in journal.take()] == [FETCH]
    assert [entry.sighting for entry in journal.take_all()] == [OTHER]

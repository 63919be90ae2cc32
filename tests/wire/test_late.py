"""When a request that is held is let go: after its retry and its successor, and before the client can go on."""

import pytest

from streamproof.history.terms import Handling, Side
from streamproof.wire import Content, Hold, Late, Sighting

TRANSACTION, MEMBER = Content(tid="t", pid=7), Content(grp="g", member="m")
WRITTEN = Content(pid=7, parts=("a-0",))


class Connection:
    """What something is held on: notes what becomes of it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def pass_on(self) -> None:
        self.done.append("passed on")

    def lose(self) -> None: ...

    def refuse(self, error: str) -> None: ...

    def part(self) -> None: ...


def seen(
    conn: int, api: str, content: Content, *, error: str | None = None, side: Side = Side.RESPONSE, instance: int = 1
) -> Sighting:
    return Sighting(conn, instance, 1, "broker:9", api, 1, None, side, content, error)


def late_of(sighting: Sighting) -> tuple[Late, Connection]:
    hold, connection = Hold(), Connection()
    hold.take(sighting, connection)
    return Late(hold), connection


@pytest.mark.parametrize(
    ("api", "content", "follows"), [("EndTxn", TRANSACTION, "Produce"), ("OffsetCommit", MEMBER, "OffsetCommit")]
)
def test_it_comes_after_its_successor_and_before_the_client_hears_of_that(
    api: str, content: Content, follows: str
) -> None:
    """And then the client hears."""
    late, connection = late_of(seen(1, api, content, side=Side.REQUEST))
    assert late(seen(2, api, content)) is None
    assert late.retried
    assert not connection.done
    kept = late(seen(2, follows, content))
    assert isinstance(kept, Hold)
    assert connection.done == ["passed on"]
    kept.take(seen(2, follows, content), client := Connection())
    assert not client.done
    late(seen(1, api, content, error="INVALID_PRODUCER_EPOCH"))
    assert late.answered
    assert late.error == "INVALID_PRODUCER_EPOCH"
    assert client.done == ["passed on"]


@pytest.mark.parametrize(
    "sighting",
    [
        seen(2, "EndTxn", Content(tid="another")),
        seen(2, "EndTxn", TRANSACTION, error="NOT_COORDINATOR"),
        seen(2, "EndTxn", TRANSACTION, side=Side.REQUEST),
        seen(2, "Produce", TRANSACTION),
    ],
)
def test_what_is_not_its_retry_changes_nothing(sighting: Sighting) -> None:
    """Another's, one that was refused, one that is not answered yet, another request."""
    late, connection = late_of(seen(1, "EndTxn", TRANSACTION, side=Side.REQUEST))
    assert late(sighting) is None
    assert not late.retried
    assert not connection.done


@pytest.mark.parametrize(
    "sighting",
    [
        seen(2, "Produce", WRITTEN, instance=2),
        seen(2, "Produce", Content(pid=7, parts=("b-0",))),
        seen(2, "Produce", Content(pid=8, parts=("a-0",))),
    ],
)
def test_a_produce_is_tried_again_by_its_own_producer_to_its_own_partition(sighting: Sighting) -> None:
    """Not by another instance, to another broker's partition, or by another producer of the process."""
    late, _ = late_of(seen(1, "Produce", WRITTEN, side=Side.REQUEST))
    assert late(sighting) is None
    assert not late.retried
    late(seen(2, "Produce", WRITTEN))
    assert late.retried


def test_the_answer_to_a_request_before_it_is_not_its_own() -> None:
    """Clients send several at once on a connection, and those are answered while it is held."""
    late, connection = late_of(seen(1, "Produce", WRITTEN, side=Side.REQUEST))
    assert late(seen(1, "Produce", WRITTEN)) is None
    assert not late.answered
    assert not connection.done


def test_its_end_lets_all_go() -> None:
    """Come what may."""
    late, connection = late_of(seen(1, "EndTxn", TRANSACTION, side=Side.REQUEST))
    late.end()
    assert connection.done == ["passed on"]
    assert late.hold.became is None  # which the connection tells
    late.hold.end(Handling.HELD)
    assert not late.hold.lost

"""Contracts made from flags."""

from pathlib import Path

import pytest

from streamproof.contract.flags import contract_from_flags
from streamproof.engine.request import Request, spec_of
from streamproof.errors import UsageError
from streamproof.history.promise import Delivery

FLAGS = {"input_topic": "a", "output_topics": ["b", "c"], "group": "g", "identity": "header:event-id"}


def test_flags_make_a_contract() -> None:
    """Each output topic holds one record for each input, with the input's identity; there is no schema."""
    contract = contract_from_flags(**FLAGS, promise="at-least-once", ordered=True, dead_letter_topic="d", through=["e"])  # type: ignore[arg-type]
    assert (contract.group, contract.delivery, contract.ordered) == ("g", Delivery.AT_LEAST_ONCE, True)
    assert [channel.topic for channel in contract.topics()] == ["a", "b", "c", "d", "e"]
    assert {str(produced.identity) for produced in contract.produces} == {"header:event-id"}
    assert contract.input.channel.payload.json_schema is None


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"promise": "exactly-ones"},
            (
                "--promise: expected at-most-once, at-least-once, exactly-once, "
                'found "exactly-ones" (did you mean "exactly-once"?)'
            ),
        ),
        ({"identity": "event-id"}, '--identity: "event-id" locates nothing; expected header:NAME, json:/POINTER'),
        ({"identity": "column:id"}, "--identity: expected where it lies: header:NAME, json:/POINTER or key"),
        ({"identity": "json:id"}, '--identity: "json:id": a JSON pointer starts with "/", such as json:/id'),
        ({"output_topics": ["b", "a"]}, '--input-topic, --output-topic, --through: "a" is given twice'),
        ({"through": ["c"]}, '--input-topic, --output-topic, --through: "c" is given twice'),
        (
            {"identity": "key", "ordered": True},
            "--ordered: with --identity key each key has one event, and no order; say",
        ),
        ({"group": ""}, "--group: expected a name, found nothing"),
    ],
)
def test_a_wrong_flag_is_named(flags: dict[str, object], sentence: str) -> None:
    """The sentence starts with the flag."""
    with pytest.raises(UsageError) as caught:
        contract_from_flags(**{**FLAGS, **flags})  # type: ignore[arg-type]
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("identity", "ordered"), [("key", False), ("header:event-id", True)])
def test_order_is_promised_where_there_can_be_order(tmp_path: Path, identity: str, ordered: bool) -> None:
    """Unless told otherwise; where the key is the id, each key has one event."""
    request = Request(
        directory=tmp_path,
        command="true",
        input_topic="a",
        output_topics=("b",),
        group="g",
        identity=identity,
        events=1,
    )
    assert spec_of(request, None, 1).contract.ordered is ordered

"""Contracts made from flags."""

import pytest

from streamproof.contract.flags import contract_from_flags
from streamproof.errors import UsageError
from streamproof.history.promise import Delivery

FLAGS = {"input_topic": "a", "output_topics": ["b", "c"], "group": "g", "identity": "header:event-id"}


def test_flags_make_a_contract() -> None:
    """Each output topic holds one record an input, with the input's identity; there is no schema."""
    contract = contract_from_flags(**FLAGS, promise="at-least-once", ordered=True, dead_letter_topic="d")  # type: ignore[arg-type]
    assert (contract.group, contract.delivery, contract.ordered) == ("g", Delivery.AT_LEAST_ONCE, True)
    assert [one.topic for one in contract.topics()] == ["a", "b", "c", "d"]
    assert {str(one.identity) for one in contract.produces} == {"header:event-id"}
    assert contract.input.channel.schema is None


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
        ({"output_topics": ["b", "a"]}, '--input-topic, --output-topic, --dead-letter-topic: "a" is given twice'),
        ({"group": ""}, "--group: expected a name, found nothing"),
    ],
)
def test_a_wrong_flag_is_named(flags: dict[str, object], sentence: str) -> None:
    """The sentence starts with the flag."""
    with pytest.raises(UsageError) as caught:
        contract_from_flags(**{**FLAGS, **flags})  # type: ignore[arg-type]
    assert str(caught.value).startswith(sentence)

"""What effects must hold, and what is recorded of what they do hold."""

from types import SimpleNamespace
from typing import Any

import pytest

from streamproof.contract.model import KEY, Field, Holds
from streamproof.errors import UsageError
from streamproof.history.terms import Fate
from streamproof.recording.holding import InputRecord, due_echo, found_echoes, homes
from streamproof.serde.locators import Locator, document_in
from streamproof.serde.partitioners import PARTITIONERS
from streamproof.workload import Event

FIELDS = (
    Field("key", KEY, KEY),
    Field("header:trace", Locator.parse("header:trace"), Locator.parse("header:trace")),
    Field("total", Locator.parse("json:/total"), Locator.parse("json:/order/amount")),
)
STATUS = Field("status", Locator.parse("json:/status"), None)


def record(value: bytes = b'{"order": {"amount": 5}}', **more: Any) -> InputRecord:
    return InputRecord.of(Event("e", "k", 0, Fate.PROCESS, value, ((("trace", b"t"),)), **more))


def test_effects_must_hold_what_their_input_holds() -> None:
    """In its key, its headers and its value."""
    assert due_echo(Holds(FIELDS), record()) == ["key=k", "header:trace=t", "total=5"]


def test_of_what_an_input_does_not_have_nothing_is_said() -> None:
    """A field, or all of a value that is no JSON."""
    for value in (b"{}", b"no JSON", b'{"order": {"amount": [5]}}'):
        assert due_echo(Holds(FIELDS), record(value))[2] is None


def test_an_input_is_told_by_its_json_whatever_it_was_written_in() -> None:
    """A registry's schema has no say in it."""
    assert due_echo(Holds(FIELDS), record(written=b"\0\0\0\0\1..."))[2] == "total=5"


def test_a_function_is_asked_for_each_input() -> None:
    """It is given key, value and headers; of a field that it leaves out nothing is said."""

    def said(given: Any) -> dict[str, Any]:
        return {"status": f"{given.key}-{given.value['order']['amount']}-{given.headers['trace']}", "unused": 1}

    other = Field("text", Locator.parse("json:/text"), None)
    assert due_echo(Holds((*FIELDS[:1], STATUS, other), said), record()) == ["key=k", "status=k-5-t", None]


def test_a_function_that_fails_ends_the_run_with_a_sentence() -> None:
    """It names the function, the input and what went wrong."""

    def forgetful(given: Any) -> dict[str, Any]:
        return {"status": given.value["type"]}

    with pytest.raises(
        UsageError, match=r"function forgetful failed for an input of key k, whose value .* KeyError: 'type'"
    ):
        due_echo(Holds((STATUS,), forgetful), record())


def test_what_effects_hold_is_told_in_the_same_words() -> None:
    """Field by field, null where a field is not there."""
    values = [b'{"total": 5.0}', b"{}"]
    chunk = SimpleNamespace(keys=[b"k", None], values=values, headers=[[("trace", b"t")], []])
    chunk.documents = [document_in(value) for value in values]
    assert found_echoes(FIELDS, [field.place.found_in(chunk) for field in FIELDS]) == [
        ["key=k", "header:trace=t", "total=5"],
        [None, None, None],
    ]


@pytest.mark.parametrize(("partitioner", "partitions"), [(None, 4), ("murmur2", None)])
def test_a_home_is_known_by_a_partitioner_and_by_how_many_partitions_there_are(
    partitioner: str | None, partitions: int | None
) -> None:
    """Without either, nothing is said of any record."""
    assert homes(partitioner, [b"k"], partitions) is None


def test_a_record_without_a_key_is_at_home_anywhere() -> None:
    """So is one whose key is empty, which some clients take for none."""
    assert homes("murmur2", [b"k", None, b""], 4) == [PARTITIONERS["murmur2"](b"k", 4), None, None]

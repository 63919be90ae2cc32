"""Events made from a contract: deterministic, valid, with identity, key, sequence and fate where they belong."""

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproof.contract.asyncapi import read_contract
from streamproof.contract.flags import contract_from_flags
from streamproof.contract.model import Channel, Contract, Payload
from streamproof.errors import ContractError
from streamproof.history.terms import Fate
from streamproof.serde.locators import Locator
from streamproof.workload.events import Event, make_events
from streamproof.workload.template import at_pointer
from streamproof.workload.values import validator_of

ORDERS = read_contract(Path(__file__).parents[2] / "contracts/orders.asyncapi.yaml", "forwardOrders")
FLAGS = {"input_topic": "a", "output_topics": ["b"], "group": "g", "promise": "exactly-once"}


def with_schema(schema: dict[str, Any], *, identity: str = "json:/id", **changes: str) -> Contract:
    """A contract whose input has this schema and no example."""
    contract = contract_from_flags(**FLAGS, identity=identity, dead_letter_topic="d", **changes)  # type: ignore[arg-type]
    return replace(contract, input=replace(contract.input, channel=Channel("a", "a", payload=Payload(schema))))


def made(contract: Contract, count: int = 400, seed: int = 7, **shares: float) -> list[Event]:
    return list(make_events(contract, count=count, seed=seed, **shares))  # type: ignore[arg-type]


def test_the_same_seed_makes_the_same_events() -> None:
    """Another seed makes other events, with other ids."""
    assert made(ORDERS) == made(ORDERS)
    assert not {event.id for event in made(ORDERS)} & {event.id for event in made(ORDERS, seed=8)}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 200), st.floats(0, 0.5), st.floats(0, 0.5))
def test_each_event_of_orders_is_what_its_fate_says(seed: int, count: int, poison: float, aborted: float) -> None:
    """Valid unless poison; id and key in every place that the contract and its examples give them."""
    schema = validator_of(ORDERS.input.channel.payload.json_schema or {})
    events = made(ORDERS, count, seed, poison=poison, aborted=aborted)
    assert len({event.id for event in events}) == count
    for event in events:
        assert dict(event.headers)["event-id"] == event.id.encode()
        try:
            value = json.loads(event.value)
        except ValueError:
            assert event.fate is Fate.POISON
            continue
        assert schema.is_valid(value) == (event.fate is not Fate.POISON)
        assert (value["event_id"], value["order_id"], value["sequence"]) == (event.id, event.key, event.seq)


@pytest.mark.parametrize(("count", "others"), [(1, 0), (2, 1), (3, 2), (100, 2)])
def test_some_event_is_always_to_be_processed(count: int, others: int) -> None:
    """A run of a single event, which was aborted, would find a subject that did nothing."""
    for seed in range(5):
        fates = [event.fate for event in made(ORDERS, count, seed, poison=0.01, aborted=0.01)]
        assert len([fate for fate in fates if fate is not Fate.PROCESS]) == others


def test_shares_of_fates_are_kept() -> None:
    """Exactly, and at least one of each that is asked for."""
    events = made(ORDERS, 1000, poison=0.03, aborted=0.05)
    assert Counter(event.fate for event in events) == {Fate.PROCESS: 920, Fate.POISON: 30, Fate.ABORT: 50}
    few = Counter(event.fate for event in made(ORDERS, 20, poison=0.001, aborted=0.001))
    assert (few[Fate.POISON], few[Fate.ABORT]) == (1, 1)
    assert Counter(event.fate for event in made(ORDERS, 50, poison=0, aborted=0)) == {Fate.PROCESS: 50}


def test_without_dead_letters_nothing_is_poison() -> None:
    """What must be dead-lettered has to have a place to go to."""
    assert Fate.POISON not in {event.fate for event in made(replace(ORDERS, dead_letters=None), poison=0.2)}


def test_the_sequence_counts_the_processed_events_of_a_key() -> None:
    """What comes to nothing leaves no gap."""
    events = made(ORDERS, 2000, poison=0.05, aborted=0.05)
    for key in {event.key for event in events}:
        counted = [event.seq for event in events if event.key == key and event.fate is Fate.PROCESS]
        assert counted == list(range(len(counted)))


def test_some_keys_are_hot() -> None:
    """The hottest key has many times the events of the middle key, and most keys have several."""
    sizes = sorted(Counter(event.key for event in made(ORDERS, 4000)).values())
    assert sizes[-1] > 10 * sizes[len(sizes) // 2] > 10


def test_poison_is_of_both_kinds() -> None:
    """No JSON, and JSON that breaks the schema: a subject must survive either."""

    def is_json(value: bytes) -> bool:
        try:
            json.loads(value)
        except ValueError:
            return False
        return True

    poison = [event for event in made(ORDERS, poison=0.5) if event.fate is Fate.POISON]
    assert {is_json(event.value) for event in poison} == {True, False}


def test_poison_keeps_an_id_that_lies_in_the_payload() -> None:
    """It is JSON then, with the id where the contract locates it, and breaks the schema elsewhere."""
    schema = {
        "type": "object",
        "required": ["id", "amount"],
        "properties": {"id": {"type": "string"}, "amount": {"type": "integer"}},
    }
    poison = [event for event in made(with_schema(schema), poison=0.3) if event.fate is Fate.POISON]
    assert poison
    for event in poison:
        value = json.loads(event.value)
        assert value["id"] == event.id
        assert not validator_of(schema).is_valid(value)


def test_where_no_poison_keeps_its_id_there_is_none() -> None:
    """Without a schema, JSON cannot be wrong; what is no JSON would have no id."""
    contract = contract_from_flags(**FLAGS, identity="json:/id", dead_letter_topic="d")  # type: ignore[arg-type]
    assert Fate.POISON not in {event.fate for event in made(contract, poison=0.3)}


@pytest.mark.parametrize("identity", ["header:event-id", "json:/meta/id", "json:/id", "key"])
@pytest.mark.parametrize("key", ["key", "json:/key", "header:key"])
@pytest.mark.parametrize("sequence", [None, "json:/seq", "header:seq"])
def test_id_key_and_sequence_lie_where_the_flags_say(identity: str, key: str, sequence: str | None) -> None:
    """In a header, at a JSON pointer or in the record's key; the record's key is always the key."""
    contract = contract_from_flags(**FLAGS, identity=identity, key=key, sequence=sequence)  # type: ignore[arg-type]

    def found(event: Event, text: str) -> str:
        locator = Locator.parse(text)
        if locator.kind == "key":
            return str(event.key)
        if locator.kind == "header":
            return dict(event.headers)[locator.path].decode()
        return str(at_pointer(json.loads(event.value), locator.path))

    for event in made(contract, 50):
        assert (found(event, identity), found(event, key)) == (event.id, event.key)
        assert sequence is None or found(event, sequence) == str(event.seq)


@pytest.mark.parametrize(
    "form",
    [
        {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}-"},
        {"type": "string", "pattern": "^[0-9]+$"},
        {"type": "integer"},
    ],
)
def test_ids_take_the_form_that_the_schema_asks_for(form: dict[str, Any]) -> None:
    """UUIDs, digits or numbers, where a plain text is not allowed."""
    schema = {"type": "object", "required": ["id", "k"], "properties": {"id": form, "k": form}}
    events = made(with_schema(schema, key="json:/k"), 50, poison=0)
    for event in events:
        value = json.loads(event.value)
        assert validator_of(schema).is_valid(value)
        assert (str(value["id"]), str(value["k"])) == (event.id, event.key)


def test_a_key_ends_when_the_schema_ends_its_sequence() -> None:
    """A bounded sequence starts at its minimum; beyond its maximum another key follows."""
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "seq": {"type": "integer", "minimum": 1, "maximum": 3}},
    }
    events = made(with_schema(schema, sequence="json:/seq"), 200, poison=0, aborted=0)
    assert {event.seq for event in events} == {1, 2, 3}
    for earlier, later in pairwise(sorted(events, key=lambda event: (str(event.key), event.seq))):
        assert later.key != earlier.key or later.seq == earlier.seq + 1


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "object", "properties": {"id": {"type": "boolean"}}}, "no id, key and sequence can be made"),
        ({"type": "string", "pattern": "^x[0-9]{9}$"}, "no value can be made up"),
    ],
)
def test_a_schema_that_allows_no_event_is_refused(schema: dict[str, Any], sentence: str) -> None:
    """A sentence says so, and what to do."""
    with pytest.raises(ContractError, match=sentence):
        made(with_schema(schema))


def test_an_event_has_the_headers_that_its_message_declares() -> None:
    """As text, and as JSON where they are none; an example's are as the example has them, an id is the event's own."""
    declared = {
        "type": "object",
        "required": ["trace", "tries", "id"],
        "properties": {"trace": {"type": "string"}, "tries": {"type": "integer", "minimum": 5}},
    }
    contract = with_schema({"type": "object"}, identity="header:id")
    channel = replace(contract.input.channel, headers_schema=declared)
    for event in made(replace(contract, input=replace(contract.input, channel=channel)), 20):
        names = [name for name, _ in event.headers]
        headers = dict(event.headers)
        assert sorted(names) == ["id", "trace", "tries"]
        assert headers["id"] == event.id.encode()
        assert headers["trace"].isalpha()
        assert int(headers["tries"]) >= 5
    shown = replace(channel, examples=({},), headers=({"trace": "as shown"},))
    (first, *_) = made(replace(contract, input=replace(contract.input, channel=shown)), 5)
    assert dict(first.headers)["trace"] == b"as shown"
    naming = replace(contract.produces[0], identity=Locator("header", "trace"))
    passed_on = replace(contract, produces=(naming,), input=replace(contract.input, channel=channel))
    assert {name for event in made(passed_on, 20) for name, _ in event.headers} == {"id", "tries"}

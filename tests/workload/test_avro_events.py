"""Events in Avro: what a consumer of the registry reads is what was made, and poison is none."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import UsageError
from streamproof.history.terms import Fate
from streamproof.serde.framing import FRAME
from streamproof.workload import encoded, events_from_file, make_events

ORDERS = read_contract(Path(__file__).parents[2] / "contracts/orders-avro.asyncapi.yaml")
SCHEMA: Any = ORDERS.input.channel.payload.encoding


def test_events_are_written_in_the_contracts_schema() -> None:
    """Id, key and sequence are where the contract says, in the record that the schema reads."""
    made = list(make_events(ORDERS, count=300, seed=3))
    sent = list(encoded(made, SCHEMA, 77))
    for before, event in zip(made, sent, strict=True):
        assert (event.id, event.key, event.seq, event.fate, event.headers) == (
            before.id, before.key, before.seq, before.fate, before.headers,
        )  # fmt: skip
        if event.fate is Fate.POISON:
            continue
        assert event.sent[:5] == FRAME.pack(0, 77)
        record: Any = schemaless_reader(BytesIO(event.sent[5:]), parse_schema(SCHEMA.document), None)
        assert record == json.loads(before.value)
        assert (record["event_id"], record["order_id"], record["sequence"]) == (event.id, event.key, event.seq)


def test_poison_is_poison_in_two_ways() -> None:
    """JSON where Avro should be, and what stands under an id that was never given; the rest of it is not looked at."""
    made = [event for event in make_events(ORDERS, count=300, seed=3, poison=0.1) if event.fate is Fate.POISON]
    assert list(encoded(made, SCHEMA, 77)) == made
    starts = {event.sent[:5] if event.sent[0] == 0 else event.sent[:1] for event in made}
    assert starts == {b"{", FRAME.pack(0, 2**31 - 1)}


def test_a_line_that_the_schema_does_not_allow_is_told(tmp_path: Path) -> None:
    """With its file and line, before anything starts; poison may be anything."""
    value = ORDERS.input.channel.examples[0]
    lines = [
        {"id": "a", "key": "k", "value": value},
        {"id": "b", "key": "k", "value": "garbage", "fate": "poison"},
        {"id": "c", "key": "k", "value": {**value, "amount": "much"}},
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines[:2]))
    good, poison = encoded(events_from_file(path, ORDERS), SCHEMA, 1)
    assert (good.sent[:5], poison.sent) == (FRAME.pack(0, 1), b"garbage")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError, match=r"events\.jsonl:3: orders\.OrderEvent\.amount is <much>"):
        list(events_from_file(path, ORDERS))

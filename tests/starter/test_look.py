"""What is told of records: where their ids lie, and what their values look like."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import Producer

from streamproof.cluster import Cluster
from streamproof.kafka.topics import create_topics
from streamproof.recording.readback import RecordChunk
from streamproof.starter.look import guess, identities, look, schema_of

ORDERS = [{"event_id": f"e{n}", "order": {"id": n // 2, "total": n + 0.5}, "at": f"2026-03-0{n + 1}T09:00:00Z"}
          for n in range(4)]  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A message, as the client gives it."""

    document: Any
    header: str = ""

    def offset(self) -> int:
        return 0

    def key(self) -> bytes:
        return str(self.document["order"]["id"]).encode()

    def value(self) -> bytes:
        return json.dumps(self.document).encode()

    def headers(self) -> list[tuple[str, bytes]]:
        return [("trace", self.header.encode())]


def chunk(*messages: Told) -> list[RecordChunk]:
    return [RecordChunk("a", 0, messages)]


def test_an_id_lies_where_each_input_has_its_own() -> None:
    """Not where two have the same; a place that is called an id comes first."""
    inputs = chunk(*(Told(order, f"t{n}") for n, order in enumerate(ORDERS)))
    assert [str(place) for place in identities(inputs, [])] == ["json:/event_id", "header:trace", "json:/at"]


def test_an_id_lies_rather_where_effects_carry_it() -> None:
    """Whatever the place is called: by it, effects are traced to their inputs."""
    inputs = chunk(*(Told(order, f"t{n}") for n, order in enumerate(ORDERS)))
    effects = chunk(*(Told({**order, "event_id": f"new-{n}"}, f"t{n}") for n, order in enumerate(ORDERS)))
    assert str(identities(inputs, effects)[0]) == "header:trace"


def test_values_are_told_by_their_types_and_never_by_what_they_hold() -> None:
    """A contract lies in a repository; what customers ordered does not."""
    schema = schema_of([*ORDERS, {**ORDERS[0], "note": None, "tags": ["a", 1]}])
    assert schema["required"] == ["event_id", "order", "at"]
    assert schema["properties"]["order"]["properties"] == {"id": {"type": "integer"}, "total": {"type": "number"}}
    assert schema["properties"]["at"] == {"type": "string", "format": "date-time"}
    assert schema["properties"]["note"] == {"type": "null"}
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": ["string", "integer"]}}
    assert "e0" not in json.dumps(schema)


@pytest.mark.parametrize(("kinds", "told"), [([1, 2.5], "number"), ([1, "a", 2], ["integer", "string"])])
def test_values_of_several_types_are_told_by_all(kinds: list[Any], told: Any) -> None:
    """A whole number is a number too."""
    assert schema_of(kinds)["type"] == told


def test_a_look_at_a_cluster_tells_topics_groups_and_records(embedded_cluster: Cluster) -> None:
    """The brokers' own topics are left out; values that are no JSON have no schema."""
    servers = embedded_cluster.bootstrap_servers
    create_topics(servers, {"looked-at": 2, "looked-at-plain": 1}, replication=1)
    producer = Producer({"bootstrap.servers": servers})
    for order in ORDERS:
        producer.produce("looked-at", json.dumps(order), str(order["order"]), headers={"trace": "same"})
        producer.produce("looked-at-plain", f"{order}", str(order["event_id"]))
    assert producer.flush(60) == 0
    seen = look(servers)
    assert (seen.topics["looked-at"], seen.topics["looked-at-plain"]) == (2, 1)
    assert not [topic for topic in seen.topics if topic.startswith("__")]
    found = guess(servers, "looked-at", ["looked-at-plain"])
    assert str(found.identities[0]) == "json:/event_id"
    assert found.schema is not None
    assert found.schema["required"] == ["event_id", "order", "at"]
    plain = guess(servers, "looked-at-plain", [])
    assert (plain.schema, [str(place) for place in plain.identities]) == (None, ["key"])

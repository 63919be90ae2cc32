"""AsyncAPI documents: what is read from them."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import ContractError
from streamproof.history.promise import Delivery, Isolation
from streamproof.serde.locators import Locator
from tests.contract.documents import DOCUMENT

ORDERS = Path(__file__).parents[2] / "contracts/orders.asyncapi.yaml"


def test_the_reference_contract_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels, group, identities, dead letters, recovery, schema and examples of the order system arrive."""
    contract = read_contract(ORDERS, "forwardOrders")
    assert (contract.name, contract.group) == ("forwardOrders", "order-processor")
    assert (contract.delivery, contract.ordered) == (Delivery.EXACTLY_ONCE, True)
    source = contract.input
    assert (source.channel.topic, source.channel.partitions) == ("order-events", 6)
    assert (source.identity, source.key, source.sequence) == (
        Locator("header", "event-id"),
        Locator("json", "/order_id"),
        Locator("json", "/sequence"),
    )
    assert [(produced.channel.name, str(produced.identity), produced.per_input) for produced in contract.produces] == [
        ("ordersProcessed", "json:/event_id", 1),
        ("orderNotifications", "header:event-id", 1),
    ]
    assert contract.dead_letters is not None
    dead = contract.dead_letters
    assert (dead.channel.topic, dead.max_attempts, dead.attempts) == ("order-events-dlq", 3, "dlq-attempts")
    assert (dead.keeps, dead.reasons[:2]) == (("key", "value", "headers"), ("dlq-reason", "dlq-detail"))
    assert (contract.recovery_ms, contract.close_ms) == (30_000, 10_000)
    assert not contract.sends
    assert source.channel.payload.json_schema is not None
    assert source.channel.payload.json_schema["required"][0] == "event_id"
    assert source.channel.examples[0]["occurred_at"] == "2026-03-01T09:15:00Z"
    assert source.channel.headers[0] == {"event-id": "7f1c0a52-placed"}


def test_an_operation_that_sends_is_about_its_own_channel() -> None:
    """What the subject is told, and what it should cause: one record on the same channel, traced alike."""
    contract = read_contract(ORDERS, "sendOrders")
    assert contract.sends
    assert contract.group == "sendOrders"
    (sent,) = contract.produces
    assert (sent.channel, sent.identity, sent.per_input) == (contract.input.channel, contract.input.identity, 1)
    assert contract.dead_letters is None


def test_what_is_not_said_has_the_documented_value(written: Path) -> None:
    """Dead letters carry the input's identity, one effect for each input, the key is the record's, a date is a text."""
    written.write_text(DOCUMENT)
    contract = read_contract(written)
    assert contract.dead_letters is not None
    assert contract.dead_letters.identity == Locator("json", "/id")
    assert (contract.ordered, contract.recovery_ms, contract.close_ms, contract.input.key) == (
        False,
        None,
        None,
        Locator("key"),
    )
    assert contract.isolation is Isolation.READ_COMMITTED
    assert contract.produces[0].per_input == 1
    assert contract.produces[0].channel.topic == "processed"
    assert contract.produces[0].channel.config == {"cleanup.policy": "delete,compact", "retention.ms": "60000"}
    assert contract.input.channel.examples == ({"id": "a", "at": "2026-01-01T00:00:00Z"},)
    assert [channel.name for channel in contract.topics()] == ["orders", "ordersProcessed", "dlq"]


def test_a_reader_may_say_that_it_reads_uncommitted_records(written: Path) -> None:
    """What comes of aborted input is then no broken promise."""
    written.write_text(DOCUMENT.replace("x-identity", "x-isolation: read_uncommitted\n    x-identity"))
    assert read_contract(written).isolation is Isolation.READ_UNCOMMITTED


def test_a_group_is_a_share_group_where_the_operation_says_so(written: Path) -> None:
    """Left out, it is a consumer group."""
    for extension, shared in (("", False), ("x-group: consumer\n    ", False), ("x-group: share\n    ", True)):
        written.write_text(DOCUMENT.replace("x-identity", f"{extension}x-identity"))
        assert read_contract(written).shared is shared


def test_a_channel_may_be_a_query(written: Path) -> None:
    """It has rows and no topic, and each row names its input in a column."""
    query = DOCUMENT.replace(
        "dlq: { address: orders-dlq }", "dlq: { address: orders-dlq }\n  seen: { x-query: SELECT id FROM seen }"
    )
    written.write_text(query.replace("ordersProcessed, identity: json:/id", "seen, identity: column:id"))
    contract = read_contract(written)
    assert contract.produces[0].channel.query == "SELECT id FROM seen"
    assert contract.produces[0].identity == Locator("column", "id")
    assert [channel.name for channel in contract.topics()] == ["orders", "dlq"]


def test_inputs_may_go_through_topics_of_its_own(written: Path) -> None:
    """They are made as all topics are, and hold neither input nor effects."""
    dead = "dlq: { address: orders-dlq }"
    document = DOCUMENT.replace(dead, f"{dead}\n  mid: {{ address: between }}")
    written.write_text(document.replace("x-identity", "x-through: [mid]\n    x-identity"))
    contract = read_contract(written)
    assert [channel.topic for channel in contract.through] == ["between"]
    assert [channel.name for channel in contract.topics()] == ["orders", "ordersProcessed", "dlq", "mid"]


def test_inputs_go_through_no_query(written: Path) -> None:
    """Nobody commits offsets of it."""
    dead = "dlq: { address: orders-dlq }"
    document = DOCUMENT.replace(dead, f"{dead}\n  seen: {{ x-query: SELECT id FROM seen }}")
    written.write_text(document.replace("x-identity", "x-through: [seen]\n    x-identity"))
    with pytest.raises(ContractError, match=r"x-through\[0\]: seen is a query; inputs go through topics"):
        read_contract(written)


def test_json_is_read_as_yaml_is(written: Path) -> None:
    """The same document in JSON, indented with tabs, is the same contract."""
    written.write_text(DOCUMENT)
    from_yaml = read_contract(written)
    plain = YAML(typ="safe").load(DOCUMENT.replace("at: 2026-01-01T00:00:00Z", "at: '2026-01-01T00:00:00Z'"))
    other = written.with_suffix(".json")
    other.write_text(json.dumps(plain, indent="\t"))
    assert read_contract(other).topics() == from_yaml.topics()


def test_a_schema_in_another_file_may_refer_to_itself_and_beside_itself(written: Path) -> None:
    """References are taken from the file that they stand in; data that looks like a reference is let be."""
    (written.parent / "schemas").mkdir()
    (written.parent / "schemas/order.json").write_text(
        json.dumps(
            {
                "properties": {
                    "id": {"$ref": "#/definitions/id"},
                    "default": {"$ref": "../shared.yaml#/defs/a~1b"},
                    "note": {"enum": [{"$ref": "data"}]},
                },
                "definitions": {"id": {"type": "string"}},
            }
        )
    )
    (written.parent / "shared.yaml").write_text("defs: { a/b: { type: integer } }")
    text = DOCUMENT.replace(
        "payload:\n        type", "payload: { $ref: schemas/order.json }\n      x-old:\n        type"
    )
    written.write_text(text.replace("at: 2026-01-01T00:00:00Z", "default: 3"))
    schema = read_contract(written).input.channel.payload.json_schema
    assert schema is not None
    assert schema["properties"] == {
        "id": {"type": "string"},
        "default": {"type": "integer"},
        "note": {"enum": [{"$ref": "data"}]},
    }


def test_several_messages_are_alternatives_and_an_operation_may_choose_between_them(written: Path) -> None:
    """A channel's messages are any of their schemas; `messages` of the operation narrows them."""
    two = DOCUMENT.replace(
        "order: { $ref: '#/components/messages/Order' }",
        "order: { $ref: '#/components/messages/Order' }\n      bare: { payload: { type: integer } }",
    )
    written.write_text(two)
    schema = read_contract(written).input.channel.payload.json_schema
    assert schema is not None
    assert [branch["type"] for branch in schema["anyOf"]] == ["object", "integer"]
    written.write_text(
        two.replace(
            "    action: receive", "    action: receive\n    messages: [{ $ref: '#/channels/orders/messages/order' }]"
        )
    )
    narrowed = read_contract(written).input.channel.payload.json_schema
    assert narrowed is not None
    assert narrowed["type"] == "object"


def test_what_is_promised_and_not_judged_is_told(written: Path) -> None:
    """A verdict says so; a contract without such promises leaves nothing out."""
    written.write_text(DOCUMENT)
    assert read_contract(written).unjudged == ()
    dead = "x-dead-letters: { channel: dlq"
    written.write_text(DOCUMENT.replace(dead, f"{dead}, max-attempts: 3"))
    untold = "max-attempts of dead letters, without the header that tells them (attempts)"
    assert read_contract(written).unjudged == (untold,)

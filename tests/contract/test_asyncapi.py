"""AsyncAPI documents: what is read from them, and what each mistake in them is answered with."""

import json
import textwrap
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streamproof.contract.asyncapi import read_contract
from streamproof.contract.flags import contract_from_flags
from streamproof.errors import ContractError, UsageError
from streamproof.history.locator import Locator
from streamproof.history.promise import Delivery, Isolation

ORDERS = Path(__file__).parents[2] / "contracts/orders.asyncapi.yaml"

DOCUMENT = textwrap.dedent(
    """\
    asyncapi: 3.0.0
    x-owner: somebody
    channels:
      orders:
        address: orders
        messages:
          order: { $ref: '#/components/messages/Order' }
        bindings: { kafka: { partitions: 6, replicas: 3 } }
      ordersProcessed:
        address: orders-processed
        bindings:
          kafka:
            topic: processed
            topicConfiguration: { cleanup.policy: [delete, compact], retention.ms: 60000 }
      dlq: { address: orders-dlq }
    operations:
      forward:
        action: receive
        channel: { $ref: '#/channels/orders' }
        bindings: { kafka: { groupId: { const: forwarder } } }
        x-delivery: at-least-once
        x-identity: json:/id
        x-produces:
          - { channel: ordersProcessed, identity: json:/id }
        x-dead-letters: { channel: dlq }
    components:
      messages:
        Order:
          payload:
            type: object
            required: [id]
            properties: { id: { type: string }, at: { type: string } }
          examples:
            - payload: { id: a, at: 2026-01-01T00:00:00Z }
    """
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "orders.yaml"


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
    assert [(one.channel.name, str(one.identity), one.per_input) for one in contract.produces] == [
        ("ordersProcessed", "json:/event_id", 1),
        ("orderNotifications", "header:event-id", 1),
    ]
    assert contract.dead_letters is not None
    assert (contract.dead_letters.channel.topic, contract.dead_letters.max_attempts) == ("order-events-dlq", 3)
    assert contract.recovery_ms == 5000
    assert not contract.sends
    assert source.channel.schema is not None
    assert source.channel.schema["required"][0] == "event_id"
    assert source.channel.examples[0]["occurred_at"] == "2026-03-01T09:15:00Z"
    assert source.channel.headers[0] == {"event-id": "7f1c0a52-placed"}


def test_an_operation_that_sends_is_about_its_own_channel() -> None:
    """What the subject is told, and what it should cause of it: one record, on the same channel, traced alike."""
    contract = read_contract(ORDERS, "sendOrders")
    assert contract.sends
    assert contract.group == "sendOrders"
    (sent,) = contract.produces
    assert (sent.channel, sent.identity, sent.per_input) == (contract.input.channel, contract.input.identity, 1)
    assert contract.dead_letters is None


def test_what_is_not_said_has_the_documented_value(written: Path) -> None:
    """Dead letters carry the input's identity, one effect an input, the key is the record's, a date is a text."""
    written.write_text(DOCUMENT)
    contract = read_contract(written)
    assert contract.dead_letters is not None
    assert contract.dead_letters.identity == Locator("json", "/id")
    assert (contract.ordered, contract.recovery_ms, contract.input.key) == (False, None, Locator("key"))
    assert contract.isolation is Isolation.READ_COMMITTED
    assert contract.produces[0].per_input == 1
    assert contract.produces[0].channel.topic == "processed"
    assert contract.produces[0].channel.config == {"cleanup.policy": "delete,compact", "retention.ms": "60000"}
    assert contract.input.channel.examples == ({"id": "a", "at": "2026-01-01T00:00:00Z"},)
    assert [one.name for one in contract.topics()] == ["orders", "ordersProcessed", "dlq"]


def test_a_reader_may_say_that_it_reads_uncommitted_records(written: Path) -> None:
    """What comes of aborted input is then no broken promise."""
    written.write_text(DOCUMENT.replace("x-identity", "x-isolation: read_uncommitted\n    x-identity"))
    assert read_contract(written).isolation is Isolation.READ_UNCOMMITTED


def test_a_channel_may_be_a_query(written: Path) -> None:
    """It has rows and no topic, and each row names its input in a column."""
    query = DOCUMENT.replace(
        "dlq: { address: orders-dlq }", "dlq: { address: orders-dlq }\n  seen: { x-query: SELECT id FROM seen }"
    )
    written.write_text(query.replace("ordersProcessed, identity: json:/id", "seen, identity: column:id"))
    contract = read_contract(written)
    assert contract.produces[0].channel.query == "SELECT id FROM seen"
    assert contract.produces[0].identity == Locator("column", "id")
    assert [one.name for one in contract.topics()] == ["orders", "dlq"]


def test_json_is_read_as_yaml_is(written: Path) -> None:
    """The same document in JSON, indented with tabs, is the same contract."""
    written.write_text(DOCUMENT)
    from_yaml = read_contract(written)
    plain = YAML(typ="safe").load(DOCUMENT.replace("at: 2026-01-01T00:00:00Z", "at: '2026-01-01T00:00:00Z'"))
    other = written.with_suffix(".json")
    other.write_text(json.dumps(plain, indent="\t"))
    assert read_contract(other).topics() == from_yaml.topics()


def test_a_schema_in_another_file_may_refer_to_itself_and_beside_itself(written: Path) -> None:
    """References are taken from the file that they stand in; data in a schema that looks like one is let be."""
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
    schema = read_contract(written).input.channel.schema
    assert schema is not None
    assert schema["properties"] == {
        "id": {"type": "string"},
        "default": {"type": "integer"},
        "note": {"enum": [{"$ref": "data"}]},
    }


def test_several_messages_are_alternatives_and_an_operation_may_name_one(written: Path) -> None:
    """A channel's messages are any of their schemas; `messages` of the operation narrows them."""
    two = DOCUMENT.replace(
        "order: { $ref: '#/components/messages/Order' }",
        "order: { $ref: '#/components/messages/Order' }\n      bare: { payload: { type: integer } }",
    )
    written.write_text(two)
    schema = read_contract(written).input.channel.schema
    assert schema is not None
    assert [one["type"] for one in schema["anyOf"]] == ["object", "integer"]
    written.write_text(
        two.replace(
            "    action: receive", "    action: receive\n    messages: [{ $ref: '#/channels/orders/messages/order' }]"
        )
    )
    narrowed = read_contract(written).input.channel.schema
    assert narrowed is not None
    assert narrowed["type"] == "object"


MISTAKES = [
    ("asyncapi: 3.0.0", "asyncapi: 2.6.0", '1: asyncapi: expected a version 3.x.y, found "2.6.0"'),
    ("asyncapi: 3.0.0", "asyncapi: 3.0.0: 1", "1: neither YAML nor JSON: mapping values are not allowed here"),
    ("asyncapi: 3.0.0", "asynapi: 3.0.0", '1: asynapi is not known (did you mean "asyncapi"?)'),
    ("x-owner: somebody", "x-delivery: exactly-once", "2: x-delivery: x-delivery belongs to an operation"),
    ("x-owner: somebody", "asyncapi: 3.0.0", "2: asyncapi stands twice, first in line 1"),
    ("x-owner: somebody", "x-a: &a [*a]", "2: x-a[0]"),
    (
        "    address: orders\n",
        "    adress: orders\n",
        '5: channels.orders.adress is not known (did you mean "address"?)',
    ),
    (
        "    address: orders\n",
        "    address: null\n",
        "5: channels.orders.address: expected the topic's name, found nothing",
    ),
    (
        "    address: orders\n",
        "    address: 'orders-{region}'\n",
        "5: channels.orders.address: expected a topic's name",
    ),
    ("    address: orders\n", "", "4: channels.orders.address is missing: expected the topic's name"),
    ("partitions: 6", "partitions: six", "8: channels.orders.bindings.kafka.partitions: expected a whole number of at"),
    (
        "partitions: 6",
        "partition: 6",
        '8: channels.orders.bindings.kafka.partition is not known (did you mean "partitio',
    ),
    (
        "replicas: 3",
        "replicas: 0",
        "8: channels.orders.bindings.kafka.replicas: expected a whole number of at least 1, f",
    ),
    (
        "delete, compact",
        "delete, compct",
        "14: channels.ordersProcessed.bindings.kafka.topicConfiguration.cleanup.policy",
    ),
    (
        "retention.ms: 60000",
        "retention.ms: week",
        "14: channels.ordersProcessed.bindings.kafka.topicConfiguration.reten",
    ),
    (
        "#/components/messages/Order'",
        "#/components/messages/Oder'",
        "7: channels.orders.messages.order.$ref: #/componen",
    ),
    ("'#/components/messages/Order'", "nowhere.yaml", "7: channels.orders.messages.order.$ref: cannot read"),
    (
        "'#/components/messages/Order'",
        "https://a.b/c",
        "7: channels.orders.messages.order.$ref: https://a.b/c is remote",
    ),
    (
        "'#/components/messages/Order'",
        "'#Order'",
        "7: channels.orders.messages.order.$ref: #Order: what follows # star",
    ),
    (
        "'#/components/messages/Order'",
        "'#/channels/orders/messages/order'",
        "7: channels.orders.messages.order.$ref: #/channels/orders/messages/order leads back to itself",
    ),
    (
        "'#/channels/orders'",
        "'#/channels/order'",
        "19: operations.forward.channel.$ref: #/channels/order is not there: ",
    ),
    ("{ $ref: '#/channels/orders' }", "orders", "19: operations.forward.channel: expected { $ref: '#/channels/NAME' }"),
    ("action: receive", "action: reply", '18: operations.forward.action: expected receive, send, found "reply"'),
    (
        "action: receive",
        "action: send",
        "23: operations.forward.x-produces: an operation that sends produces on its own channel alone",
    ),
    ("    x-delivery: at-least-once\n", "", "16: no operation says what it promises; add x-delivery to one"),
    (
        "at-least-once",
        "at-least-one",
        "21: operations.forward.x-delivery: expected at-most-once, at-least-once, exactly",
    ),
    (
        "x-delivery: at-least-once",
        "x-delivry: at-least-once",
        '21: operations.forward.x-delivry is not known (did you mean "x-delivery"?)',
    ),
    (
        "    x-delivery: at-least-once\n",
        "    x-delivry: at-least-once\n  other:\n    action: receive\n    x-delivery: at-most-once\n",
        '21: operations.forward.x-delivry is not known (did you mean "x-delivery"?)',
    ),
    (
        "address: orders-dlq",
        "address: orders",
        '17: operations.forward: two of its channels are the topic "orders"; give',
    ),
    (
        "x-dead-letters",
        "x-dead-letter",
        '25: operations.forward.x-dead-letter is not known (did you mean "x-dead-letter',
    ),
    (
        "    x-identity: json:/id\n",
        "",
        "17: operations.forward.x-identity is missing: expected where it lies: header:NAME",
    ),
    ("x-identity: json:/id", "x-identity: jsn:/id", '22: operations.forward.x-identity: "jsn:/id" locates nothing'),
    (
        "x-identity: json:/id",
        "x-identity: column:id",
        "22: operations.forward.x-identity: expected where it lies: header",
    ),
    (
        "x-identity: json:/id",
        "x-order: kye\n    x-identity: json:/id",
        "22: operations.forward.x-order: expected key, non",
    ),
    (
        "x-identity: json:/id",
        "x-isolation: serializable\n    x-identity: json:/id",
        "22: operations.forward.x-isolation: expected read_committed, read_unco",
    ),
    (
        "channel: ordersProcessed",
        "channel: ordersProcesed",
        '24: channel "ordersProcesed" is not defined (did you mean "',
    ),
    (
        ", identity: json:/id }",
        " }",
        "24: operations.forward.x-produces[0].identity is missing: expected where it lies",
    ),
    (
        "channel: ordersProcessed,",
        "channel: ordersProcessed, per_input: 1,",
        "24: operations.forward.x-produces[0].per_in",
    ),
    (
        "channel: ordersProcessed,",
        "channel: ordersProcessed, per-input: -1,",
        "24: operations.forward.x-produces[0].per-i",
    ),
    ("channel: dlq", "channel: dlqs", '25: channel "dlqs" is not defined (did you mean "dlq"?)'),
    (
        "channel: dlq",
        "channel: dlq, max-attempts: 0",
        "25: operations.forward.x-dead-letters.max-attempts: expected a w",
    ),
    (
        "x-identity: json:/id",
        "x-recovery: { within: 5s }\n    x-identity: json:/id",
        "22: operations.forward.x-recovery.w",
    ),
    (
        "{ const: forwarder }",
        "{ type: string }",
        "20: operations.forward.bindings.kafka.groupId: expected a schema wit",
    ),
    (
        "{ const: forwarder }",
        "{ enum: [a, b] }",
        "20: operations.forward.bindings.kafka.groupId.enum: expected a list o",
    ),
    (
        "    bindings: { kafka: { groupId: { const: forwarder } } }\n",
        "",
        "17: operations.forward.bindings.kafka.groupId ",
    ),
    ("type: object\n", "type: objet\n", "30: components.messages.Order.payload.type: no valid JSON Schema: 'objet' is"),
    (
        "{ id: a,",
        "{ id: 4,",
        "34: components.messages.Order.examples[0].payload.id: the example breaks the message's own ",
    ),
    (
        "{ id: { type: string }",
        "{ id: { $ref: '#/components/messages/Order/payload' }",
        "32: components.messages.Order.payload.properties.id: a reference to components.messages.Order.payload, which ",
    ),
    (
        "payload:\n        type",
        "payload:\n        schemaFormat: application/vnd.google.protobuf;version=3\n        schema: {}\n        type",
        "4: channels.orders: input can be made from a JSON Schema, or from Avro without bytes; expected such a payload",
    ),
    # a query where a topic must be, or a column where a record must, or the other way round
    (
        "{ address: orders-dlq }",
        "{ x-query: SELECT id FROM dlq }",
        "25: operations.forward.x-dead-letters.channel: dlq is a query; dead letters are kept in a topic",
    ),
    (
        "address: orders-processed",
        "x-query: SELECT id FROM processed",
        "24: operations.forward.x-produces[0].identity: expected the column where it lies, since the channel",
    ),
    (
        "address: orders\n",
        "x-query: SELECT id FROM orders\n",
        "19: operations.forward.channel: orders is a query (x-query); input comes from a topic",
    ),
    (
        "x-delivery",
        "x-query: SELECT 1\n    x-delivery",
        "21: operations.forward.x-query: x-query belongs to a channel",
    ),
    (
        "x-delivery",
        "x-compatibility: FULL\n    x-delivery",
        "21: operations.forward.x-compatibility: x-compatibility belongs to a message",
    ),
    (
        "identity: json:/id }",
        "identity: column:id }",
        "24: operations.forward.x-produces[0].identity: expected where it lies: header:NAME, json:/POINTER or key",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=[sentence for _, _, sentence in MISTAKES])
def test_a_mistake_is_answered_with_file_line_and_path(written: Path, old: str, new: str, sentence: str) -> None:
    """Each mistake is one sentence that says where and what."""
    assert old in DOCUMENT
    written.write_text(DOCUMENT.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        read_contract(written)
    assert str(caught.value).startswith(f"{written}:{sentence}")
    assert "\n" not in str(caught.value)


def test_a_missing_contract_is_said_to_be_missing(tmp_path: Path) -> None:
    """The sentence names the file."""
    with pytest.raises(ContractError, match=r"nowhere\.yaml: cannot read the contract \(No such file or directory\)"):
        read_contract(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "1: the document is empty"), ("- a", "1: the document: expected a mapping")]
)
def test_a_document_of_another_kind_is_refused(written: Path, text: str, sentence: str) -> None:
    """An empty file, or a list, is no contract."""
    written.write_text(text)
    with pytest.raises(ContractError) as caught:
        read_contract(written)
    assert str(caught.value).startswith(f"{written}:{sentence}")


def test_an_operation_that_is_not_there_is_refused(written: Path) -> None:
    """With what may have been meant."""
    written.write_text(DOCUMENT)
    with pytest.raises(ContractError, match=r':16: operation "forwad" is not defined \(did you mean "forward"\?\)'):
        read_contract(written, "forwad")


def test_of_several_promises_one_must_be_chosen(written: Path) -> None:
    """Two operations with x-delivery: the sentence says how to name one."""
    head, tail = DOCUMENT.split("components:")
    second = head[head.index("  forward:") :].replace("  forward:", "  backward:")
    written.write_text(f"{head}{second}components:{tail}")
    with pytest.raises(ContractError, match=r':16: forward, backward each have x-delivery; .*operation = "forward"'):
        read_contract(written)
    assert read_contract(written, "backward").name == "backward"


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


def test_what_is_promised_and_not_judged_is_told(written: Path) -> None:
    """A verdict says so; a contract without such promises leaves nothing out."""
    written.write_text(DOCUMENT)
    assert read_contract(written).unjudged == ()
    dead = "x-dead-letters: { channel: dlq"
    written.write_text(DOCUMENT.replace(dead, f"x-recovery: {{ within: PT5S }}\n    {dead}, max-attempts: 3"))
    assert read_contract(written).unjudged == ("recovery in time (x-recovery)", "max-attempts of dead letters")

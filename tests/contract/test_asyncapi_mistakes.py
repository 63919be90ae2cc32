"""AsyncAPI documents with a mistake in them: what each is answered with."""

from pathlib import Path

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import ContractError
from tests.contract.documents import DOCUMENT

OTHER = "  other:\n    action: receive\n    x-delivery: at-most-once\n"
UNKNOWN = "payload:\n        schemaFormat: application/x-thrift\n        schema: {}\n        type"

# what the document says, what it says instead, and how the complaint begins
MISTAKES = {
    "asyncapi: 3.0.0": {
        "asyncapi: 2.6.0": '1: asyncapi: expected a version 3.x.y, found "2.6.0"',
        "asyncapi: 3.0.0: 1": "1:16: no valid YAML: a colon does not fit what stands before it",
        "asynapi: 3.0.0": '1: asynapi is not known (did you mean "asyncapi"?)',
    },
    "x-owner: somebody": {
        "x-delivery: exactly-once": "2: x-delivery: x-delivery belongs to an operation",
        "asyncapi: 3.0.0": "2: asyncapi stands twice, first in line 1",
        "x-a: &a [*a]": "2: x-a[0]",
    },
    "    address: orders\n": {
        "    adress: orders\n": '5: channels.orders.adress is not known (did you mean "address"?)',
        "    address: null\n": "5: channels.orders.address: expected the topic's name, found nothing",
        "    address: 'orders-{region}'\n": "5: channels.orders.address: expected a topic's name",
        "": "4: channels.orders.address is missing: expected the topic's name",
    },
    "partitions: 6": {
        "partitions: six": "8: channels.orders.bindings.kafka.partitions: expected a whole number of at",
        "partition: 6": '8: channels.orders.bindings.kafka.partition is not known (did you mean "partitio',
    },
    "replicas: 3": {
        "replicas: 0": "8: channels.orders.bindings.kafka.replicas: expected a whole number of at least 1, f"
    },
    "delete, compact": {
        "delete, compct": "14: channels.ordersProcessed.bindings.kafka.topicConfiguration.cleanup.policy"
    },
    "retention.ms: 60000": {
        "retention.ms: week": "14: channels.ordersProcessed.bindings.kafka.topicConfiguration.reten"
    },
    "#/components/messages/Order'": {
        "#/components/messages/Oder'": "7: channels.orders.messages.order.$ref: #/componen"
    },
    "'#/components/messages/Order'": {
        "nowhere.yaml": "7: channels.orders.messages.order.$ref: cannot read",
        "https://a.b/c": "7: channels.orders.messages.order.$ref: https://a.b/c is remote",
        "'#Order'": "7: channels.orders.messages.order.$ref: #Order: what follows # star",
        "'#/channels/orders/messages/order'": "7: channels.orders.messages.order.$ref: "
        "#/channels/orders/messages/order leads back to itself",
    },
    "'#/channels/orders'": {
        "'#/channels/order'": "19: operations.forward.channel.$ref: #/channels/order is not there: "
    },
    "{ $ref: '#/channels/orders' }": {"orders": "19: operations.forward.channel: expected { $ref: '#/channels/NAME' }"},
    "action: receive": {
        "action: reply": '18: operations.forward.action: expected receive, send, found "reply"',
        "action: send": "23: operations.forward.x-produces: an operation that sends produces on its own channel alone",
    },
    "    x-delivery: at-least-once\n": {
        "": "16: no operation says what it promises; add an x-delivery",
        "    x-delivry: at-least-once\n" + OTHER: "21: operations.forward.x-delivry is not known (did you mean "
        '"x-delivery"?)',
    },
    "at-least-once": {
        "at-least-one": "21: operations.forward.x-delivery: expected at-most-once, at-least-once, exactly"
    },
    "x-delivery: at-least-once": {
        "x-group: share\n    x-delivery: exactly-once": "21: operations.forward.x-group: a share group delivers at "
        "least once; expected x-delivery: at-least-once",
        "x-delivry: at-least-once": '21: operations.forward.x-delivry is not known (did you mean "x-delivery"?)',
    },
    "address: orders-dlq": {
        "address: orders": '17: operations.forward: two of its channels are the topic "orders"; give'
    },
    "x-dead-letters": {
        "x-dead-letter": '25: operations.forward.x-dead-letter is not known (did you mean "x-dead-letter'
    },
    "    x-identity: json:/id\n": {
        "": "17: operations.forward.x-identity is missing: expected where it lies: header:NAME"
    },
    "x-identity: json:/id": {
        "x-identity: json:/idd": "22: operations.forward.x-identity: the schema of orders has no field idd (did you",
        "x-identity: json:/ids/part": "22: operations.forward.x-identity: the schema of orders has no field ids (did ",
        "x-identity: json:/id\n    x-key: json:/aat": "23: operations.forward.x-key: the schema of orders has no field",
        "x-identity: jsn:/id": '22: operations.forward.x-identity: "jsn:/id" locates nothing',
        "x-identity: column:id": "22: operations.forward.x-identity: expected where it lies: header",
        "x-order: key\n    x-identity: key": "22: operations.forward.x-order: where the key is the identity, each key "
        "has one event, and no order; say none",
        "x-order: kye\n    x-identity: json:/id": "22: operations.forward.x-order: expected key, non",
        "x-isolation: serializable\n    x-identity: json:/id": "22: operations.forward.x-isolation: expected "
        "read_committed, read_unco",
        "x-group: shared\n    x-identity: json:/id": "22: operations.forward.x-group: expected consumer, share",
        "x-group: share\n    x-order: key\n    x-identity: json:/id": "22: operations.forward.x-group: a share group "
        "keeps no order; expected x-order: none",
        "x-recovery: { within: 5s }\n    x-identity: json:/id": "22: operations.forward.x-recovery.w",
    },
    "channel: ordersProcessed": {
        "channel: ordersProcesed": '24: channel "ordersProcesed" is not defined (did you mean "'
    },
    ", identity: json:/id }": {
        " }": "24: operations.forward.x-produces[0].identity is missing: expected where it lies"
    },
    "channel: ordersProcessed,": {
        "channel: ordersProcessed, per_input: 1,": "24: operations.forward.x-produces[0].per_in",
        "channel: ordersProcessed, per-input: -1,": "24: operations.forward.x-produces[0].per-i",
    },
    "channel: dlq": {
        "channel: dlqs": '25: channel "dlqs" is not defined (did you mean "dlq"?)',
        "channel: dlq, keeps: [values]": "25: operations.forward.x-dead-letters.keeps[0]: expected key, value, head",
        "channel: dlq, reasons: [7]": "25: operations.forward.x-dead-letters.reasons[0]: expected a header",
        "channel: dlq, attempts: 3": "25: operations.forward.x-dead-letters.attempts: expected a header",
        "channel: dlq, max-attempts: 0": "25: operations.forward.x-dead-letters.max-attempts: expected a w",
    },
    "{ const: forwarder }": {
        "{ type: string }": "20: operations.forward.bindings.kafka.groupId: expected a schema wit",
        "{ enum: [a, b] }": "20: operations.forward.bindings.kafka.groupId.enum: expected a list o",
    },
    "    bindings: { kafka: { groupId: { const: forwarder } } }\n": {
        "": "17: operations.forward.bindings.kafka.groupId "
    },
    "at: { type: string }": {"at: { pattern: '(' }": "32: components.messages.Order.payload.properties.at.pattern: no"},
    "type: object\n": {
        "type: objet\n": "30: components.messages.Order.payload.type: no valid JSON Schema: expected arr"
    },
    "{ id: a,": {
        "{ id: 4,": "34: components.messages.Order.examples[0].payload.id: the example breaks the message's own "
    },
    "{ id: { type: string }": {
        "{ id: { $ref: '#/components/messages/Order/payload' }": "32: components.messages.Order.payload.properties.id: "
        "a reference to components.messages.Order.payload, which "
    },
    "payload:\n        type": {
        UNKNOWN: "4: channels.orders: input can be made from a JSON Schema, or from Avro without bytes, or from "
        "Protobuf; expected such a payload"
    },
    "{ address: orders-dlq }": {
        "{ x-query: SELECT id FROM dlq }": "25: operations.forward.x-dead-letters.channel: dlq is a query; dead "
        "letters are kept in a topic"
    },
    "address: orders-processed": {
        "x-query: SELECT id FROM processed": "24: operations.forward.x-produces[0].identity: expected the column where "
        "it lies, since the channel"
    },
    "address: orders\n": {
        "x-query: SELECT id FROM orders\n": "19: operations.forward.channel: orders is a query (x-query); input comes "
        "from a topic"
    },
    "x-delivery": {
        "x-query: SELECT 1\n    x-delivery": "21: operations.forward.x-query: x-query belongs to a channel",
        "x-compatibility: FULL\n    x-delivery": "21: operations.forward.x-compatibility: x-compatibility belongs to a "
        "message",
    },
    "x-dead-letters: { channel: dlq }": {
        "x-through: [nowhere]": '25: channel "nowhere" is not defined',
    },
    "identity: json:/id }": {
        "identity: column:id }": "24: operations.forward.x-produces[0].identity: expected where it lies: header:NAME, "
        "json:/POINTER or key"
    },
}
ROWS = [(old, new, sentence) for old, answers in MISTAKES.items() for new, sentence in answers.items()]


@pytest.mark.parametrize(("old", "new", "sentence"), ROWS, ids=[sentence for _, _, sentence in ROWS])
def test_a_mistake_is_answered_with_file_line_and_path(written: Path, old: str, new: str, sentence: str) -> None:
    """Each mistake is told in a sentence that says where and what."""
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


def test_an_operation_must_be_chosen_where_several_promise(written: Path) -> None:
    """Two operations with x-delivery: the sentence says how to name the operation."""
    head, tail = DOCUMENT.split("components:")
    second = head[head.index("  forward:") :].replace("  forward:", "  backward:")
    written.write_text(f"{head}{second}components:{tail}")
    with pytest.raises(ContractError, match=r':16: forward, backward each have x-delivery; .*operation = "forward"'):
        read_contract(written)
    assert read_contract(written, "backward").name == "backward"

"""Reads the promises of one operation from an AsyncAPI 3 document, with our `x-` extensions.

The parts that are used are validated strictly; other parts are not looked at. Foreign extensions pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from streamproof.contract.extensions import (
    EXTENSIONS,
    DeadLettersExtension,
    HoldsExtension,
    ProducesExtension,
    WithinExtension,
)
from streamproof.contract.fields import require_field
from streamproof.contract.holding import read_holds
from streamproof.contract.locators import IN_COLUMN, LOCATED, locator_in
from streamproof.contract.model import (
    KEY,
    TOPIC_NAME,
    Channel,
    Contract,
    DeadLetters,
    Input,
    Payload,
    Produces,
    is_topic_name,
)
from streamproof.contract.payloads import makeable, read_headers, read_payload, require_fitting
from streamproof.contract.source_document import Documents, Node
from streamproof.errors import did_you_mean
from streamproof.history.promise import Delivery, Isolation, Part
from streamproof.serde.locators import Locator

CAUSES = "a list of what each input causes, such as [{ channel: NAME, identity: header:event-id }]"
_DOCS = ("title", "summary", "description", "tags", "externalDocs")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "document": ("asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"),
    "channel": ("address", "messages", "servers", "parameters", "bindings", *_DOCS),
    "operation": ("action", "channel", "security", "bindings", "traits", "messages", "reply", *_DOCS),
    "message": ("headers", "payload", "correlationId", "contentType", "name", "bindings", "examples", "traits", *_DOCS),
    "example": ("name", "summary", "headers", "payload"),
    "channel binding": ("topic", "partitions", "replicas", "topicConfiguration", "bindingVersion"),
    "operation binding": ("groupId", "clientId", "bindingVersion"),
}
MISSPELT = 0.85  # how close the name of a foreign extension may come to a name of ours


def read_contract(path: Path, operation: str | None = None) -> Contract:
    """The promises of `operation`, else of the single operation with x-delivery; ContractError with line and path."""
    reader = _Reader(path)
    return reader.contract(reader.operation(operation))


class _Reader:
    def __init__(self, path: Path) -> None:
        self.documents = Documents()
        self.path = path
        self.root = self.documents.load(path)
        _known(self.root, "document")
        version = self.root.need("asyncapi", "a version 3.x.y")
        if not str(version.value).startswith("3."):
            raise version.wrong("a version 3.x.y")
        self.channels = self.root.need("channels", "the channels by name").mapping()

    def operation(self, name: str | None) -> Node:
        operations = self.root.need("operations", "the operations by name")
        if name is not None:
            if name not in operations.mapping():
                raise operations.error(f'operation "{name}" is not defined{did_you_mean(name, operations.mapping())}')
            return self.documents.resolve(operations.mapping()[name])
        nodes = {name: self.documents.resolve(child) for name, child in operations.mapping().items()}
        for node in nodes.values():
            _known(node, "operation")  # first: with its x-delivery misspelt, another operation would be taken for ours
        ours = {name: node for name, node in nodes.items() if "x-delivery" in node.mapping()}
        if not ours:
            raise operations.error("no operation says what it promises; add an x-delivery, such as exactly-once")
        if len(ours) > 1:
            raise operations.error(
                f'{", ".join(ours)} each have x-delivery; say which is meant: operation = "{next(iter(ours))}" '
                "where the subject is declared"
            )
        return next(iter(ours.values()))

    def contract(self, node: Node) -> Contract:
        _known(node, "operation")
        sends = node.need("action", "receive or send").choice(["receive", "send"]) == "send"
        delivery = node.need("x-delivery", ", ".join(Delivery)).choice([str(delivery) for delivery in Delivery])
        channel = self._channel_of(node)
        identity = locator_in(channel, node.need("x-identity", LOCATED))
        key = node.get("x-key")
        sequence = node.get("x-sequence")
        order, isolation = node.get("x-order"), node.get("x-isolation")
        ordered = order is not None and order.choice(["key", "none"]) == "key"
        if order is not None and ordered and identity == KEY:
            raise order.error(
                f"{order.path}: where the key is the identity, each key has one event, and no order; say none, or "
                "identify events by something else"
            )
        name = node.path.removeprefix("operations.")
        contract = Contract(
            name=name,
            source=self.path,
            group=name if sends else self._group(node),
            input=Input(
                channel=channel,
                identity=identity,
                key=locator_in(channel, key) if key else KEY,
                sequence=locator_in(channel, sequence) if sequence else None,
            ),
            delivery=Delivery(delivery),
            ordered=ordered,
            isolation=Isolation(isolation.choice(list(Isolation))) if isolation else Isolation.READ_COMMITTED,
            produces=(_sent_on(node, channel, identity),) if sends else self._produces(node, channel),
            dead_letters=self._dead_letters(node, identity),
            recovery_ms=_within(node, "x-recovery"),
            close_ms=_within(node, "x-close"),
            sends=sends,
            through=self._through(node),
            shared=_is_shared(node, Delivery(delivery), ordered=ordered, sends=sends),
        )
        topics = [channel.topic for channel in contract.topics()]
        for topic in topics:
            if topics.count(topic) > 1:
                raise node.error(f'{node.path}: two of its channels are the topic "{topic}"; give each its own')
        return contract

    def _channel_of(self, node: Node) -> Channel:
        expected = "{ $ref: '#/channels/NAME' }"
        reference = node.need("channel", expected)
        if not isinstance(reference.value, dict) or "$ref" not in reference.value:
            raise reference.wrong(expected)
        target = self.documents.target(reference.value["$ref"])
        name = next((name for name, node in self.channels.items() if node == target), None)
        if name is None:
            raise reference.wrong(f"{expected}, a channel of this document's root")
        chosen = node.get("messages")
        messages = [self.documents.resolve(message) for message in chosen.items()] if chosen else None
        channel = self._channel(name, target, messages)
        if channel.query is not None:
            raise reference.error(f"{reference.path}: {name} is a query (x-query); input comes from a topic")
        if channel.payload.json_schema is None and messages != [] and self._unreadable(target, messages):
            raise target.error(f"{target.path}: input can be made from {makeable()}; expected such a payload")
        return channel

    def _named(self, reference: Node) -> Channel:
        name = reference.text("the name of a channel")
        if name not in self.channels:
            raise reference.error(f'channel "{name}" is not defined{did_you_mean(name, self.channels)}')
        return self._channel(name, self.channels[name], None)

    def _channel(self, name: str, node: Node, chosen: Sequence[Node] | None) -> Channel:
        node = self.documents.resolve(node)
        _known(node, "channel")
        if query := node.get("x-query"):
            return Channel(name, topic="", query=query.text("a SQL query"))
        binding = self._binding(node, "channel binding")
        address = node.need("address", "the topic's name")
        topic = (binding and binding.get("topic")) or address
        if "{" in topic.text("the topic's name"):
            raise topic.wrong("a topic's name without parameters")
        if not is_topic_name(topic.text()):
            raise topic.wrong(TOPIC_NAME)
        partitions = binding and binding.get("partitions")
        if replicas := binding and binding.get("replicas"):
            replicas.whole(1)
        messages = chosen if chosen is not None else self._messages(node)
        for message in messages:
            _known(message, "message")
        payloads = [read_payload(self.documents, message) for message in messages]
        if len(messages) > 1 and any(payload.encoding is not None for payload in payloads):
            raise node.error(
                f"{node.path}.messages: a registry keeps one schema for a topic's values; expected 1 message"
            )
        examples = [
            example
            for message, payload in zip(messages, payloads, strict=True)
            for example in _examples(self.documents, message, payload)
        ]
        return Channel(
            name=name,
            topic=topic.text(),
            partitions=partitions.whole(1) if partitions else Channel.partitions,
            config=_topic_configuration(binding),
            payload=_any_of(payloads),
            examples=tuple(value for value, _ in examples),
            headers=tuple(headers for _, headers in examples),
            headers_schema=read_headers(self.documents, messages[0]) if len(messages) == 1 else None,
        )

    def _messages(self, node: Node) -> list[Node]:
        messages = node.get("messages")
        return [self.documents.resolve(message) for message in messages.mapping().values()] if messages else []

    def _binding(self, node: Node, kind: str) -> Node | None:
        bindings = node.get("bindings")
        kafka = self.documents.resolve(bindings).get("kafka") if bindings else None
        if kafka is None:
            return None
        kafka = self.documents.resolve(kafka)
        _known(kafka, kind)
        return kafka

    def _group(self, node: Node) -> str:
        expected = "a schema with one value, such as { type: string, enum: [order-processor] }"
        binding = self._binding(node, "operation binding")
        if binding is None:
            raise node.error(f"{node.path}.bindings.kafka.groupId is missing: expected {expected}")
        schema = self.documents.resolve(binding.need("groupId", expected))
        if not isinstance(schema.value, dict):
            raise schema.wrong(expected)
        const, options = schema.get("const"), schema.get("enum")
        if const is not None:
            return const.text()
        if options is None or len(options.items()) != 1:
            raise schema.wrong(expected) if options is None else options.wrong("a list of one group")
        return options.items()[0].text()

    def _unreadable(self, node: Node, messages: Sequence[Node] | None) -> bool:
        """Whether the payload is declared, but not as a JSON Schema."""
        return any(message.get("payload") for message in (messages if messages is not None else self._messages(node)))

    def _produces(self, node: Node, source: Channel) -> tuple[Produces, ...]:
        if extra := node.get("x-sends"):
            raise extra.error(f"{extra.path}: an operation that receives has x-produces; write it there")
        listed = node.need("x-produces", CAUSES)
        if not listed.items():
            raise listed.wrong(CAUSES)
        found: dict[str, Produces] = {}
        for item in listed.items():
            item.only(ProducesExtension.names())
            per_input = item.get("per-input")
            channel = self._named(item.need("channel", "the name of a channel"))
            if channel.name in found:
                raise item.error(f"{item.path}.channel: {channel.name} stands twice; add up its per-input instead")
            found[channel.name] = Produces(
                channel=channel,
                identity=locator_in(channel, item.need("identity", IN_COLUMN if channel.query else LOCATED)),
                per_input=per_input.whole(0) if per_input else 1,
                holds=read_holds(item, channel, source),
            )
        return tuple(found.values())

    def _through(self, node: Node) -> tuple[Channel, ...]:
        listed = node.get("x-through")
        found = []
        for item in listed.items() if listed else ():
            channel = self._named(item)
            if channel.query is not None:
                raise item.error(f"{item.path}: {channel.name} is a query; inputs go through topics")
            found.append(channel)
        return tuple(found)

    def _dead_letters(self, node: Node, identity: Locator) -> DeadLetters | None:
        dead = node.get("x-dead-letters")
        if dead is None:
            return None
        dead.only(DeadLettersExtension.names())
        own, most, attempts = dead.get("identity"), dead.get("max-attempts"), dead.get("attempts")
        keeps, reasons = dead.get("keeps"), dead.get("reasons")
        channel = self._named(dead.need("channel", "the name of a channel"))
        if channel.query is not None:
            raise dead.error(f"{dead.path}.channel: {channel.name} is a query; dead letters are kept in a topic")
        if own is None:
            require_field(identity, channel, dead)
        return DeadLetters(
            channel=channel,
            identity=locator_in(channel, own) if own else identity,
            max_attempts=most.whole(1) if most else None,
            keeps=tuple(Part(item.choice(list(Part))) for item in keeps.items()) if keeps else (),
            reasons=tuple(item.text("a header's name") for item in reasons.items()) if reasons else (),
            attempts=attempts.text("a header's name") if attempts else None,
        )


def _is_shared(node: Node, delivery: Delivery, *, ordered: bool, sends: bool) -> bool:
    """Whether it is a share group, which can promise no more, and no less, than that nothing is lost."""
    kind = node.get("x-group")
    if kind is None or kind.choice(["consumer", "share"]) == "consumer":
        return False
    if sends:
        raise kind.error(f"{kind.path}: an operation that sends has no group; leave it out")
    if delivery is not Delivery.AT_LEAST_ONCE:
        raise kind.error(f"{kind.path}: a share group delivers at least once; expected x-delivery: at-least-once")
    if ordered:
        raise kind.error(f"{kind.path}: a share group keeps no order; expected x-order: none")
    return True


def _sent_on(node: Node, channel: Channel, identity: Locator) -> Produces:
    """What an operation that sends causes: one record on its own channel for each document that it is told to send."""
    for name in ("x-produces", "x-dead-letters", "x-through"):
        if extra := node.get(name):
            raise extra.error(f"{extra.path}: an operation that sends produces on its own channel alone; leave it out")
    holds = node.get("x-sends")
    if holds is None:
        return Produces(channel, identity)
    holds.only(HoldsExtension.names())
    return Produces(channel, identity, holds=read_holds(holds, channel, channel))


def _any_of(payloads: Sequence[Payload]) -> Payload:
    """The payload of values that may be of any of these messages."""
    if len(payloads) == 1:
        return payloads[0]
    schemas = [payload.json_schema for payload in payloads if payload.json_schema is not None]
    return Payload((schemas[0] if len(schemas) == 1 else {"anyOf": schemas}) if schemas else None)


def _examples(documents: Documents, message: Node, payload: Payload) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """Payload and headers of each example; ContractError when an example breaks the payload's own schema."""
    listed = message.get("examples")
    for example in documents.resolve(listed).items() if listed else ():
        _known(example, "example")
        node, headers = example.get("payload"), example.get("headers")
        if node is None:
            continue
        require_fitting(node, payload)
        yield node.plain(), {name: str(text.value) for name, text in headers.mapping().items()} if headers else {}


def _known(node: Node, kind: str) -> None:
    """Refuse a key that AsyncAPI does not have here, and an extension whose name is nearly a name of ours."""
    known = KNOWN[kind]
    for name, child in node.mapping().items():
        if not name.startswith("x-"):
            if name not in known:
                raise child.error(f"{child.path} is not known{did_you_mean(name, known)}")
        elif name not in EXTENSIONS and (hint := did_you_mean(name, EXTENSIONS, cutoff=MISSPELT)):
            raise child.error(f"{child.path} is not known{hint}")
        elif name in EXTENSIONS and not EXTENSIONS[name].endswith(f" {kind}"):
            raise child.error(f"{child.path}: {name} belongs to {EXTENSIONS[name]}")


def _topic_configuration(binding: Node | None) -> Mapping[str, str]:
    """Topic settings in the broker's own words: lists joined, booleans in lower case."""
    configuration = binding.get("topicConfiguration") if binding else None
    if configuration is None:
        return {}
    found = {}
    for name, node in configuration.mapping().items():
        if isinstance(node.value, list):
            found[name] = ",".join(item.text() for item in node.items())
        elif isinstance(node.value, bool):
            found[name] = str(node.value).lower()
        elif isinstance(node.value, str | int | float):
            found[name] = str(node.value)
        else:
            raise node.wrong("a topic setting's value")
    policy = configuration.get("cleanup.policy")
    for item in policy.items() if policy and isinstance(policy.value, list) else ():
        item.choice(("delete", "compact"))
    for name in ("retention.ms", "retention.bytes"):
        if limit := configuration.get(name):
            limit.whole(-1)
    return found


def _within(node: Node, extension: str) -> int | None:
    """Milliseconds; None where the extension is left out."""
    promised = node.get(extension)
    if promised is None:
        return None
    promised.only(WithinExtension.names())
    expected = "an ISO 8601 duration, such as PT5S"
    within = promised.need("within", expected)
    try:
        if not within.text(expected).startswith("P"):
            raise within.wrong(expected)
        span = TypeAdapter(timedelta).validate_python(within.text())
    except ValidationError as error:
        raise within.wrong(expected) from error
    return round(span / timedelta(milliseconds=1))

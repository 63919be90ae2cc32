"""The format of a message's payload, and its schemas, taken from the document or from a file beside it."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import validator_for

from streamproof.complaints import shown
from streamproof.contract.model import Payload
from streamproof.contract.source_document import Documents, Node, lines_of
from streamproof.errors import did_you_mean
from streamproof.serde.formats import FORMATS, Format
from streamproof.serde.json_schema import JsonSchema

JSON_FORMATS = ("application/schema+json", "application/schema+yaml", "application/vnd.aai.asyncapi")


def makeable() -> str:
    """The schemas that input can be made from, in words."""
    return ", or from ".join(("a JSON Schema", *(known.makeable for known in FORMATS.values())))


def read_payload(documents: Documents, message: Node) -> Payload:
    """The payload that the message declares; an empty payload when no format knows its language.

    ContractError for a schema that is not valid, and where the message's contentType says otherwise.
    """
    payload, content = message.get("payload"), message.get("contentType")
    framed = _framed(documents, message)
    if payload is None:
        return Payload()
    payload = documents.resolve(payload)
    form = payload.get("schemaFormat")
    media_type = form.text() if form else ""
    declared = next((known for known in FORMATS.values() if media_type.startswith(known.media_type)), None)
    said = next((known for known in FORMATS.values() if content is not None and known.name in content.text()), None)
    if declared is None and said is not None:
        where = payload.path or message.at("payload")
        raise payload.error(f"{where}: a payload of {said.title} is written {said.declaration}")
    if declared is not None:
        if content is not None and said is not declared:
            raise content.wrong(f"{declared.content_type}, as the payload's schemaFormat says")
        return _encoded(declared, documents.resolve(payload.need("schema", declared.expected)))
    if form is None:
        return _json(documents, payload, framed=framed)
    if media_type.startswith(JSON_FORMATS):
        return _json(documents, payload.need("schema", "a JSON Schema"), framed=framed)
    return Payload()


def read_headers(documents: Documents, message: Node) -> Mapping[str, Any] | None:
    """The JSON Schema of the message's headers, if it says one in this language."""
    headers = message.get("headers")
    if headers is None or (headers := documents.resolve(headers)).get("schemaFormat") is not None:
        return None
    return _json(documents, headers, framed=False).json_schema


def _framed(documents: Documents, message: Node) -> bool:
    """Whether the message says that its values begin with their schema's id: what Avro and Protobuf always do here."""
    node: Node | None = message
    for name in ("bindings", "kafka", "schemaIdLocation"):
        node = documents.resolve(node).get(name) if node is not None else None
    if node is not None and node.text("payload") != "payload":
        raise node.error(f"{node.path}: schema ids are read from payloads alone; expected payload, found {node.value}")
    return node is not None


def _encoded(declared: Format, node: Node) -> Payload:
    try:
        schema = declared.schema(node.plain())
    except TypeError as error:
        raise node.wrong(declared.expected) from error
    except ValueError as error:
        raise node.error(f"{node.path or 'the document'}: {error}") from error
    try:
        return Payload(schema.json_schema(), schema)
    except ValueError:
        return Payload(None, schema)


def _json(documents: Documents, node: Node, *, framed: bool) -> Payload:
    node = documents.resolve(node)
    node.mapping()
    schema: dict[str, Any] = documents.bundle(node)
    try:
        validator_for(schema, default=Draft7Validator).check_schema(schema)
    except SchemaError as error:
        place = lines_of(node, iter(error.absolute_path))
        raise place.error(f"{place.path or 'the document'}: no valid JSON Schema: {_in_words(error)}") from error
    return Payload(schema, JsonSchema(schema) if framed else None)


def require_fitting(example: Node, payload: Payload) -> None:
    """ContractError, at the part that is wrong, when an example breaks the payload's own schema."""
    place, why = example, None
    if payload.encoding is not None:
        try:
            payload.encoding.check(example.plain())
        except ValueError as error:
            why = str(error)
    elif payload.json_schema is not None:
        validator: Any = validator_for(payload.json_schema, default=Draft7Validator)(payload.json_schema)
        if broken := best_match(validator.iter_errors(example.plain())):
            place, why = lines_of(example, iter(broken.absolute_path)), _in_words(broken)
    if why is not None:
        raise place.error(f"{place.path}: the example breaks the message's own schema: {why}")


def _in_words(error: ValidationError | SchemaError) -> str:
    """What a value lacks of its schema: of several ways to be right, the nearest."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator == "enum"))
    found: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "enum":
            hint = did_you_mean(found, map(str, wanted)) if isinstance(found, str) else ""
            return f"expected {', '.join(map(str, wanted))}, found {shown(found)}{hint}"
        case "type":
            return f"expected {' or '.join([wanted] if isinstance(wanted, str) else wanted)}, found {shown(found)}"
        case "required":
            return f"{next(name for name in wanted if name not in found)} is missing"
        case "format":
            return f"expected {'a regular expression' if wanted == 'regex' else wanted}, found {shown(found)}"
    return str(error.message)

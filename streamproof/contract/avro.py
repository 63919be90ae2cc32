"""Messages whose payload is Avro: their schemas, taken from the document or from a file beside it."""

from typing import Any

from streamproof.contract.document import Documents, Node
from streamproof.serde.avro import Encoder

FORMAT = "application/vnd.apache.avro"
EXPECTED = "{ schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: { $ref: './NAME.avsc' } }"


def avro_schema(documents: Documents, message: Node) -> Any:
    """The payload's Avro schema, `None` where it is in another language.

    ContractError for one that is not valid, and where the message's contentType says otherwise.
    """
    payload, content = message.get("payload"), message.get("contentType")
    payload = documents.resolve(payload) if payload else None
    form = payload.value.get("schemaFormat") if payload and isinstance(payload.value, dict) else None
    says_avro = content is not None and "avro" in content.text()
    if payload is None or form is None or not form.text().startswith(FORMAT):
        if says_avro and payload is not None:
            raise payload.error(f"{payload.path or message.at('payload')}: a payload of Avro is written {EXPECTED}")
        return None
    if content is not None and not says_avro:
        raise content.wrong("application/avro, as the payload's schemaFormat says")
    node = documents.resolve(payload.need("schema", "an Avro schema"))
    if not isinstance(node.value, dict) or node.get("type") is None or node.value["type"].value != "record":
        raise node.wrong("an Avro schema whose type is record")
    schema = node.plain()
    try:
        Encoder(schema)
    except ValueError as error:
        raise node.error(f"{node.path or 'the document'}: {error}") from error
    return schema

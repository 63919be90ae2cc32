"""How a message's schema may evolve: the level that its contract promises, and the file that holds it."""

from dataclasses import dataclass
from pathlib import Path

from streamproof.compat import Level
from streamproof.contract.source_document import Documents
from streamproof.errors import did_you_mean


@dataclass(frozen=True)
class DeclaredEvolution:
    """`schema`: the file of the version in use. Those before it lie beside it."""

    level: Level
    schema: Path


def read_evolution(path: Path, message: str) -> DeclaredEvolution:
    """What `x-compatibility` of a message promises; ContractError where there is none, or no file to look beside."""
    documents = Documents()
    root = documents.load(path)
    messages = root.need("components", "the messages").need("messages", "the messages by name")
    if message not in messages.mapping():
        raise messages.error(f'message "{message}" is not defined{did_you_mean(message, messages.mapping())}')
    node = documents.resolve(messages.mapping()[message])
    level = node.need("x-compatibility", ", ".join(Level)).choice([str(known) for known in Level])
    payload = documents.resolve(node.need("payload", "a schema"))
    expected = "{ $ref: './NAME/v1.avsc' }, a file with the versions before it beside it"
    schema = documents.resolve(payload.need("schema", expected))
    if schema.file == node.file:
        raise schema.wrong(expected)
    return DeclaredEvolution(Level(level), schema.file)

"""Reads a YAML or JSON document as nodes that know their place: each complaint names file, line and path.

Follows `$ref` inside a document and to files beside it. Knows nothing of AsyncAPI.
"""

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from streamproof.errors import ContractError, did_you_mean, unreadable
from streamproof.syntax import MalformedError, read_json

JSON_SUFFIXES = (".json", ".avsc")
AS_TEXT = (".proto",)  # files that are neither YAML nor JSON: a single text
MAX_DEPTH = 60  # of a document; deeper is an alias that contains itself
_KINDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", int: "a whole number"}
DATA_WORDS = ("enum", "const", "default", "examples")  # of JSON Schema: a $ref below them is no reference
NAMING_WORDS = ("properties", "patternProperties", "definitions", "$defs")
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Node:
    """A value and where it stands: `line` (from 1) of its key or of its own start, `path` from the document's root.

    `value` is a dict of nodes, a list of nodes or a plain scalar. A lookup that fails raises ContractError.
    """

    value: Any = field(repr=False)
    file: Path
    line: int
    path: str

    def error(self, sentence: str) -> ContractError:
        return ContractError(f"{self.file}:{self.line}: {sentence}")

    def wrong(self, expected: str) -> ContractError:
        found = "nothing" if self.value is None else _shown(self)
        return self.error(f"{self.path or 'the document'}: expected {expected}, found {found}")

    def get(self, name: str) -> "Node | None":
        return self.mapping().get(name)

    def need(self, name: str, expected: str) -> "Node":
        found = self.get(name)
        if found is None:
            raise self.error(f"{self.at(name)} is missing: expected {expected}")
        return found

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def mapping(self) -> Mapping[str, "Node"]:
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping")
        return self.value

    def items(self) -> list["Node"]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return self.value

    def text(self, expected: str = "a text") -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong(expected)
        return self.value

    def whole(self, minimum: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < minimum:
            raise self.wrong(f"a whole number of at least {minimum}")
        return self.value

    def choice(self, options: Collection[str]) -> str:
        if self.value not in options:
            hint = did_you_mean(self.value, options) if isinstance(self.value, str) else ""
            raise (
                self.wrong(f"{', '.join(options)}")
                if not hint
                else self.error(f"{self.path}: expected {', '.join(options)}, found {_shown(self)}{hint}")
            )
        return str(self.value)

    def only(self, known: Collection[str]) -> None:
        """Refuse a key that is not among `known`."""
        for name, child in self.mapping().items():
            if name not in known:
                raise child.error(f"{child.path} is not known{did_you_mean(name, known)}")

    def plain(self) -> Any:
        """The value without its places; `$ref` stays as it is."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


def _shown(node: Node) -> str:
    if isinstance(node.value, dict | list):
        return _KINDS[type(node.value)]
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return f'"{node.value}"' if isinstance(node.value, str) else str(node.value)


class Documents:
    """The documents that a contract is spread over, each read once."""

    def __init__(self) -> None:
        self._read: dict[Path, Node] = {}

    def load(self, file: Path, referrer: Node | None = None) -> Node:
        """The root of the document in `file`; ContractError when it cannot be read, at `referrer` if it names it."""
        if file not in self._read:
            try:
                text = file.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                why = unreadable(error)
                if referrer is not None:
                    raise referrer.error(f"{referrer.path}: cannot read {file} ({why})") from error
                raise ContractError(f"{file}: cannot read the contract ({why}); check the path") from error
            is_text = file.suffix in AS_TEXT
            self._read[file] = Node(text, file, 1, "") if is_text else parse(text, file)
        return self._read[file]

    def resolve(self, node: Node) -> Node:
        """The node itself, or the node at the end of its chain of `$ref`."""
        passed: list[tuple[Path, str]] = []
        while isinstance(node.value, dict) and "$ref" in node.value:
            reference = node.value["$ref"]
            if (node.file, node.path) in passed:
                raise reference.error(f"{reference.path}: {reference.value} leads back to itself; name a definition")
            passed.append((node.file, node.path))
            node = self.target(reference)
        return node

    def target(self, reference: Node) -> Node:
        """The node that the text of a `$ref` points at: `FILE#/POINTER`, either part optional."""
        text = reference.text("a reference, such as '#/components/messages/NAME'")
        file, _, pointer = text.partition("#")
        if "://" in file:
            raise reference.error(f"{reference.path}: {text} is remote; copy it into a file beside this document")
        beside = Path(os.path.normpath(reference.file.parent / unquote(file))) if file else reference.file
        node = self.load(beside, reference)
        if pointer and not pointer.startswith("/"):
            raise reference.error(f"{reference.path}: {text}: what follows # starts with /")
        for raw in pointer.split("/")[1:]:
            node = self._step(node, unquote(raw).replace("~1", "/").replace("~0", "~"), reference)
        return node

    def _step(self, node: Node, name: str, reference: Node) -> Node:
        node = self.resolve(node)
        if isinstance(node.value, list) and name.isdecimal() and int(name) < len(node.value):
            return node.items()[int(name)]
        options = node.value if isinstance(node.value, dict) else {}
        if name not in options:
            where = node.path or "the document"
            raise reference.error(
                f"{reference.path}: {reference.value} is not there: {where} has no {name}{did_you_mean(name, options)}"
            )
        found: Node = options[name]
        return found

    def bundle(self, node: Node) -> Any:
        """The schema in `node` with each `$ref` replaced by its target; ContractError when that never ends."""
        return self._bundle(node, (), names=False)

    def _bundle(self, node: Node, inside: tuple[tuple[Path, str], ...], *, names: bool) -> Any:
        """`names`: the keys are names of the user's, not words of JSON Schema."""
        place = node
        node = self.resolve(node)
        if isinstance(node.value, list):
            return [self._bundle(child, inside, names=False) for child in node.value]
        if not isinstance(node.value, dict):
            return node.value
        if (node.file, node.path) in inside:
            raise place.error(f"{place.path}: a reference to {node.path or 'the document'}, which contains it")
        inside = (*inside, (node.file, node.path))
        return {
            name: child.plain()
            if not names and name in DATA_WORDS
            else self._bundle(child, inside, names=not names and name in NAMING_WORDS)
            for name, child in node.value.items()
        }


def parse(text: str, file: Path) -> Node:
    """The document in `text`; ContractError, with its place, when it is neither YAML nor JSON."""
    # JSON indents with tabs where YAML does not; in its strings they are escaped
    lenient = text.replace("\t", " ") if file.suffix in JSON_SUFFIXES else text
    try:
        tree = YAML(typ="rt").compose(lenient)
    except YAMLError as error:
        wrong = _malformed(error, text, file)
        raise ContractError(f"{file}:{wrong.place}: {wrong}") from error
    if tree is None:
        raise ContractError(f"{file}:1: the document is empty; expected an AsyncAPI 3 document")
    return _node(tree, file, tree.start_mark.line + 1, "", 0)


def _malformed(error: YAMLError, text: str, file: Path) -> MalformedError:
    """What is wrong with a document, by the rules of JSON where it should be JSON."""
    if file.suffix in JSON_SUFFIXES:
        try:
            read_json(text)
        except MalformedError as wrong:
            return wrong
    if not isinstance(error, MarkedYAMLError):
        return MalformedError("YAML", 1, 1, str(error))
    problem, mark = error.problem or error.context or "", error.problem_mark
    if error.context_mark and ("<stream end>" in problem or "end of stream" in problem):
        mark = error.context_mark  # where what is not closed begins
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return MalformedError("YAML", line + 1, column + 1, problem)


def _node(tree: Any, file: Path, line: int, path: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ContractError(f"{file}:{line}: {path[:80]}…: an alias that contains itself")
    if isinstance(tree, MappingNode):
        return Node(_mapping(tree, file, path, depth), file, line, path)
    if isinstance(tree, SequenceNode):
        children = [
            _node(child, file, child.start_mark.line + 1, f"{path}[{n}]", depth + 1)
            for n, child in enumerate(tree.value)
        ]
        return Node(children, file, line, path)
    return Node(_scalar(tree), file, line, path)


def _mapping(tree: MappingNode, file: Path, path: str, depth: int) -> dict[str, Node]:
    children: dict[str, Node] = {}
    for key, value in tree.value:
        line = key.start_mark.line + 1
        where = f"{path}.{key.value}" if path else str(key.value)
        if not isinstance(key, ScalarNode) or key.tag == f"{_TAG}merge":
            raise ContractError(f"{file}:{line}: {path or 'the document'}: a key must be a plain text, as in JSON")
        if key.value in children:
            raise ContractError(f"{file}:{line}: {where} stands twice, first in line {children[key.value].line}")
        children[key.value] = _node(value, file, line, where, depth + 1)
    return children


def _scalar(tree: ScalarNode) -> Any:
    """A scalar as JSON knows it: a date is text."""
    text: str = tree.value
    kind = str(tree.tag).removeprefix(_TAG)
    if kind in ("null", "bool"):
        return None if kind == "null" else text.lower() == "true"
    with contextlib.suppress(ValueError):
        if kind == "int":
            return int(text) if text.lstrip("+-").isdecimal() else int(text, 0)
        if kind == "float":
            return float(text)
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # JSON writes what lies beyond 16 bits as two halves
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def lines_of(node: Node, path: Iterator[str | int]) -> Node:
    """The node at `path` below `node`, or the last node on the way to it."""
    for step in path:
        child = node.value.get(step) if isinstance(node.value, dict) else None
        if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        if child is None:
            break
        node = child
    return node

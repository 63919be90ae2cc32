"""A payload as JSON text with gaps for id, key and sequence: made and validated once, filled in for each event.

Where an example repeats its id or its key as a whole field, an event does too: other places than those that the
contract names may carry them.
"""

import copy
import itertools
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamproof.contract.model import Contract, Input
from streamproof.errors import ContractError
from streamproof.serde.locators import Locator, steps_of
from streamproof.workload.values import make_values, validator_of

POOL = 64  # payloads that differ in more than id, key and sequence
POISONS = 8  # ways to break one payload
MANY = 10**9  # a number of an event that none will reach
BARE: Mapping[str, Any] = {"id": "", "key": "", "seq": 0}
_GAP = re.compile(r'"\\u0000(id|key|seq)"')

Pointers = dict[str, str]  # a JSON pointer -> id, key or seq


@dataclass(frozen=True)
class Style:
    """How ids or keys look: text made from a number, and whether the payload holds it as a number."""

    make: Callable[[str, int], str]
    number: bool = False


STYLES = (
    Style(lambda prefix, n: f"{prefix}{n}"),
    Style(lambda prefix, n: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{prefix}{n}"))),
    Style(lambda _, n: str(n)),
    Style(lambda _, n: str(n), number=True),
)


@dataclass(frozen=True)
class Template:
    """JSON text in pieces; each gap's name stands between two. `poison`: the same, broken in several ways."""

    pieces: tuple[str, ...]
    headers: tuple[tuple[str, bytes], ...]
    poison: tuple[tuple[str, ...], ...]

    @staticmethod
    def fill(pieces: tuple[str, ...], values: Mapping[str, str]) -> bytes:
        return "".join(values[piece] if n % 2 else piece for n, piece in enumerate(pieces)).encode()


@dataclass(frozen=True)
class Forms:
    """How ids and keys look; sequences go from `first` to `last` at most."""

    ids: Style
    keys: Style
    first: int
    last: int | None

    def as_json(self, identity: str, key: str, seq: int) -> dict[str, str]:
        """The JSON text of each gap's value."""
        return {
            "id": identity if self.ids.number else json.dumps(identity),
            "key": key if self.keys.number else json.dumps(key),
            "seq": str(seq),
        }


@dataclass(frozen=True)
class Document:
    """A payload, the places in it that an event fills, and the other headers that go with it."""

    payload: Any
    gaps: Pointers
    headers: Mapping[str, str]

    def filled(self, forms: Forms, number: int, seq: int) -> Any:
        """A sample, to be validated."""
        made = {"id": forms.ids.make("s1-", number), "key": forms.keys.make("s1-k", number)}
        given: dict[str, Any] = {
            "id": int(made["id"]) if forms.ids.number else made["id"],
            "key": int(made["key"]) if forms.keys.number else made["key"],
            "seq": seq,
        }
        return _placed(self.payload, {pointer: given[what] for pointer, what in self.gaps.items()})


def make_templates(contract: Contract, rng: random.Random) -> tuple[Forms, tuple[Template, ...]]:
    """Templates whose payloads satisfy the input channel's schema; ContractError when none can be made."""
    channel = contract.input.channel
    documents = list(_documents(contract, rng))
    validator = validator_of(True if (schema := channel.payload.json_schema) is None else schema)
    for forms in _all_forms(contract):
        ends = ((0, forms.first), (MANY, forms.first + 1000 if forms.last is None else forms.last))
        if all(validator.is_valid(document.filled(forms, *end)) for document in documents for end in ends):
            return forms, tuple(_template(document, contract, forms, validator) for document in documents)
    raise ContractError(
        f"{contract.source or channel.topic}: channel {channel.name}: no id, key and sequence can be made that satisfy "
        "its message's schema; give the input as a file, --input FILE.jsonl"
    )


def _all_forms(contract: Contract) -> Iterator[Forms]:
    sequence = contract.input.sequence
    part = _at(contract.input.channel.payload.json_schema, sequence) if sequence else {}
    first, last = part.get("minimum", 0), part.get("maximum")
    for ids, keys in itertools.product(STYLES, STYLES):
        yield Forms(ids, keys, math.ceil(first), None if last is None else math.floor(last))


def _documents(contract: Contract, rng: random.Random) -> Iterator[Document]:
    source, channel = contract.input, contract.input.channel
    schema = channel.payload.json_schema
    if schema is None and not channel.examples:
        yield Document(dict(BARE), {"/id": "id", "/key": "key", "/seq": "seq", **_declared(source)}, {})
        return
    examples = list(channel.examples)
    values = make_values(_free(schema or {}, _declared(source)), examples, rng, POOL)
    if not values:
        raise ContractError(
            f"{contract.source or channel.topic}: channel {channel.name}: no value can be made up that "
            "satisfies its message's schema; give the message an example"
        )
    for n, value in enumerate(values):
        shown = channel.headers[n % len(examples)] if channel.headers else {}
        headers = {**_made_headers(contract, rng), **shown}
        example = examples[n % len(examples)] if examples else None
        gaps = {**_echoes(source, example, headers), **_declared(source)}
        yield Document(value, gaps, headers)


def _made_headers(contract: Contract, rng: random.Random) -> Mapping[str, str]:
    """Headers as the input's message declares them; what is no text is written as JSON.

    Without those that name an effect's input: one that is passed on would name another.
    """
    schema = contract.input.channel.headers_schema
    made = make_values(schema, (), rng, 1) if schema else []
    values = made[0].items() if made and isinstance(made[0], dict) else ()
    naming = {produced.identity.path for produced in contract.produces if produced.identity.kind == "header"}
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in values if name not in naming
    }


def _free(schema: Mapping[str, Any], pointers: Pointers) -> Mapping[str, Any]:
    """The schema with anything allowed where an event's own values will be: those have a form of their own."""
    schema = copy.deepcopy(dict(schema))
    for pointer in pointers:
        *way, last = steps_of(pointer)
        inner: Any = schema
        for step in way:
            inner = inner.get("properties", {}).get(step, {})
        if last in inner.get("properties", {}):
            inner["properties"][last] = {}
    return schema


def _declared(source: Input) -> Pointers:
    named = {"id": source.identity, "key": source.key, "seq": source.sequence}
    return {place.path: what for what, place in named.items() if place is not None and place.kind == "json"}


def _echoes(source: Input, example: Any, headers: Mapping[str, str]) -> Pointers:
    """Where the example repeats its key or its id."""
    found: Pointers = {}
    for what, locator in (("key", source.key), ("id", source.identity)):
        value = headers.get(locator.path) if locator.kind == "header" else None
        if locator.kind == "json":
            value = at_pointer(example, locator.path)
        if isinstance(value, str) and value:
            found |= {pointer: what for pointer, leaf in _leaves(example) if leaf == value}
    return found


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        yield pointer, value
        return
    for name, child in children:
        yield from _leaves(child, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")


def at_pointer(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to; `None` where it leads nowhere."""
    for step in steps_of(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _placed(document: Any, values: Mapping[str, Any]) -> Any:
    """A copy with each pointer's value in its place; what is missing on the way is made."""
    document = copy.deepcopy(document)
    for pointer, value in values.items():
        inner = document
        *way, last = steps_of(pointer)
        for step in way:
            inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
        if isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value
    return document


def _at(schema: Any, locator: Locator) -> Mapping[str, Any]:
    """The part of a schema that a JSON pointer into its values leads to; empty where that is not plain."""
    for step in steps_of(locator.path) if locator.kind == "json" else ["?"]:
        schema = schema.get("properties", {}).get(step, {}) if isinstance(schema, Mapping) else {}
    return schema if isinstance(schema, Mapping) else {}


def _template(document: Document, contract: Contract, forms: Forms, validator: Any) -> Template:
    source = contract.input
    own = {place.path for place in (source.identity, source.key, source.sequence) if place and place.kind == "header"}
    return Template(
        pieces=_pieces(document),
        headers=tuple((name, value.encode()) for name, value in document.headers.items() if name not in own),
        poison=tuple(_poison(document, source, forms, validator)) if contract.dead_letters else (),
    )


def _pieces(document: Document) -> tuple[str, ...]:
    marked = _placed(document.payload, {pointer: f"\0{what}" for pointer, what in document.gaps.items()})
    return tuple(_GAP.split(json.dumps(marked, separators=(",", ":"))))


def _poison(document: Document, source: Input, forms: Forms, validator: Any) -> Iterator[tuple[str, ...]]:
    """Payloads that keep id and key findable, and are no JSON, or break the schema in one point each."""
    if source.identity.kind != "json":
        *whole, last = _pieces(document)
        yield (*whole, last[:-1])  # cut off before the last brace
    if not isinstance(document.payload, dict):
        return
    kept = {steps_of(pointer)[0] for pointer in document.gaps}
    names = [name for name in document.payload if name not in kept]
    absent = [{field: value for field, value in document.payload.items() if field != name} for name in names]
    mistyped = [{**document.payload, name: {"unexpected": True}} for name in names]
    candidates = (replace(document, payload=payload) for payload in (*absent, *mistyped))
    broken = (candidate for candidate in candidates if not validator.is_valid(candidate.filled(forms, 0, forms.first)))
    for candidate in itertools.islice(broken, POISONS):
        yield _pieces(candidate)

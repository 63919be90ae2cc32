"""What is fed in: events with an identity, a key, a place within the key, and a fate. The same seed, the same events.

Made from a contract's schemas and examples, or read from a file. Knows no Kafka client.
"""

import bisect
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from streamproof.contract.model import Contract, Input
from streamproof.errors import ContractError, UsageError, did_you_mean, unreadable
from streamproof.history.terms import Fate
from streamproof.serde.formats import FORMATS, Schema
from streamproof.serde.framing import UNREADABLE, framed
from streamproof.serde.locators import IN_RECORDS
from streamproof.syntax import MalformedError, read_json
from streamproof.workload.template import Forms, Template, at_pointer, make_templates

EVENTS_PER_KEY = 8
MOST_EVENTS = 1_000_000  # all are held in memory to the end, 650 bytes each where they are orders: a gigabyte at most
SKEW = 0.8  # of Zipf's law: with 2,500 keys the hottest has a twentieth of the events
POISON = 0.005
ABORTED = 0.01
FIELDS = ("key", "value", "headers", "fate", "id", "seq")  # of a line of a file
_KINDS: Mapping[type, str] = {str: "a text", int: "a whole number", dict: "an object"}
T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """An input. `seq` counts the events of one key; an event that comes to nothing does not count.

    `value` is JSON, unless it is poison. Where a channel's payload has an encoding, `written` is what is sent.
    """

    id: str
    key: str | None
    seq: int
    fate: Fate
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    written: bytes | None = None

    @property
    def sent(self) -> bytes:
        """The value of the record."""
        return self.value if self.written is None else self.written


def make_events(
    contract: Contract,
    *,
    count: int,
    seed: int,
    keys: int | None = None,
    skew: float = SKEW,
    poison: float = POISON,
    aborted: float = ABORTED,
) -> Iterator[Event]:
    """`count` events, of `keys` keys (an eighth of `count`, if `None`), the first keys hot by Zipf's law.

    `poison` and `aborted` are shares of all events, at least one of each that is above 0, as long as an event is
    left that is to be processed; poison only when the
    contract has dead letters, aborted only when they are sent to a topic. ContractError when the contract's schema
    allows no such events; UsageError for none, and for more than MOST_EVENTS.
    """
    if count < 1:
        raise UsageError(f"{count:,} events show nothing; give at least 1")
    if count > MOST_EVENTS:
        raise UsageError(
            f"{count:,} events are too many: a run holds them all in memory, about 1 kB each; give at most "
            f"{MOST_EVENTS:,}"
        )
    if contract.sends:
        aborted = 0.0
    if contract.input.identity.kind in FORMATS:
        poison = 0.0  # what cannot be decoded would have no id
    contract = replace(contract, input=_in_json(contract.input))
    if contract.input.identity.kind not in IN_RECORDS:
        raise ContractError(f"{contract.source}: input cannot carry its id at {contract.input.identity}")
    rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be safe
    forms, templates = make_templates(contract, rng)
    poisonable = [template for template in templates if template.poison]
    fates = _fates(rng, count, poison if poisonable else 0.0, aborted)
    places = _Keys(forms, rng, keys or max(1, count // EVENTS_PER_KEY), skew, f"s{seed}-k")
    for n in range(count):
        fate = fates.get(n, Fate.PROCESS)
        template = rng.choice(poisonable if fate is Fate.POISON else templates)
        pieces = rng.choice(template.poison) if fate is Fate.POISON else template.pieces
        identity = forms.ids.make(f"s{seed}-", n)
        key, seq = places.take(fate)
        if contract.input.identity.kind == "key":
            key, seq = identity, forms.first
        values = {"id": identity, "key": key, "seq": str(seq)}
        value = Template.fill(pieces, forms.as_json(identity, key, seq))
        if fate is Fate.POISON and contract.input.channel.payload.encoding is not None:
            value = rng.choice(UNREADABLE) + value
        yield Event(
            id=identity,
            key=key,
            seq=seq,
            fate=fate,
            value=value,
            headers=(*_own_headers(contract.input, values), *template.headers),
        )


def encoded(events: Iterable[Event], schema: Schema, number: int) -> Iterator[Event]:
    """The same events, their JSON values encoded with `schema`, whose id is `number`; poison stays as it is."""
    for event in events:
        if event.fate is Fate.POISON:
            yield event
        else:
            yield replace(event, written=framed(number, schema.encoded(json.loads(event.value))))


def _in_json(source: Input) -> Input:
    """The same input, its values as JSON."""
    key, sequence = source.key.in_json, source.sequence.in_json if source.sequence else None
    return replace(source, identity=source.identity.in_json, key=key, sequence=sequence)


def _fates(rng: random.Random, count: int, poison: float, aborted: float) -> Mapping[int, Fate]:
    """Which events are to come to nothing, or to be dead-lettered."""
    wanted = {Fate.POISON: poison, Fate.ABORT: aborted}
    sizes = {fate: max(1, round(share * count)) for fate, share in wanted.items() if share > 0}
    drawn = rng.sample(range(count), min(max(0, count - 1), sum(sizes.values())))  # one is to be processed, at least
    ends = [fate for fate, size in sizes.items() for _ in range(size)]
    return dict(zip(drawn, ends, strict=False))


class _Keys:
    """Draws keys, some more often than others, and counts the sequence of each."""

    def __init__(self, forms: Forms, rng: random.Random, count: int, skew: float, prefix: str) -> None:
        self._forms, self._rng, self._prefix = forms, rng, prefix
        self._weights = list(itertools.accumulate(1 / (rank + 1) ** skew for rank in range(count)))
        self._names = list(range(count))
        self._next = [forms.first] * count
        self._fresh = itertools.count(count)

    def take(self, fate: Fate) -> tuple[str, int]:
        """The key and the sequence of the next event."""
        rank = bisect.bisect(self._weights, self._rng.random() * self._weights[-1])
        last = self._forms.last
        if last is not None and self._next[rank] > last:  # the schema lets no key have more: another key follows it
            self._names[rank] = next(self._fresh)
            self._next[rank] = self._forms.first
        seq = self._next[rank]
        if fate is Fate.PROCESS:
            self._next[rank] += 1
        return self._forms.keys.make(self._prefix, self._names[rank]), seq


def _own_headers(source: Input, values: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for what, locator in (("id", source.identity), ("key", source.key), ("seq", source.sequence)):
        if locator is not None and locator.kind == "header":
            yield locator.path, values[what].encode()


def events_from_file(path: Path, contract: Contract) -> Iterator[Event]:
    """The events in a file of JSON lines; UsageError with file and line where a line is no event.

    A line has `value` (any JSON; a text is sent as it is) and at will `key`, `headers` (name to text), `fate`
    (process), `id` (what lies where the contract says, if absent) and `seq` (counted per key).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: cannot read the input ({unreadable(error)}); check the path after --input"
        ) from error
    lines: dict[str, int] = {}
    counted: Counter[str | None] = Counter()
    schema = contract.input.channel.payload.encoding
    source = _in_json(contract.input)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = _from_line(line, source, counted)
            if schema is not None and event.fate is not Fate.POISON:
                schema.check(json.loads(event.value))
        except MalformedError as error:
            raise UsageError(f"{path}:{number}:{error.column}: {error}") from error
        except ValueError as error:
            raise UsageError(f"{path}:{number}: {error}") from error
        if event.id in lines:
            raise UsageError(f'{path}:{number}: id "{event.id}" stands twice, first in line {lines[event.id]}')
        lines[event.id] = number
        yield event
    if not lines:
        raise UsageError(f"{path}: the input is empty; give one event a line")


def _from_line(line: str, source: Input, counted: Counter[str | None]) -> Event:
    """The event in a line; ValueError, or MalformedError, with what is wrong with the line."""
    given = read_json(line)
    if not isinstance(given, dict):
        raise ValueError(  # noqa: TRY004 - of the line's form, not of a call
            f'expected an object such as {{"key": "a", "value": {{}}}}, found {line.strip()[:40]}'
        )
    for name in given:
        if name not in FIELDS:
            known = f"; a line has {', '.join(FIELDS)}"
            raise ValueError(f"{name} is not known{did_you_mean(name, FIELDS) or known}")
    if "value" not in given:
        raise ValueError("value is missing: expected any JSON")
    key, headers, seq = _typed(given, "key", str), _typed(given, "headers", dict) or {}, _typed(given, "seq", int)
    if not all(isinstance(header, str) for header in headers.values()):
        raise ValueError("headers: expected names and texts")
    fates = [str(fate) for fate in Fate]
    fate = given.get("fate", "process")
    if fate not in fates:
        raise ValueError(f"fate: expected {', '.join(fates)}, found {json.dumps(fate)}{did_you_mean(str(fate), fates)}")
    identity = _identity(source, _typed(given, "id", str), key, given["value"], headers)
    if seq is None:
        seq = counted[key]
        counted[key] += fate == Fate.PROCESS
    value = given["value"]
    return Event(
        id=identity,
        key=key,
        seq=seq,
        fate=Fate(fate),
        value=value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode(),
        headers=tuple((name, text.encode()) for name, text in headers.items()),
    )


def _typed(given: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = given.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ValueError(f"{name}: expected {_KINDS[kind]}, found {json.dumps(value)}")
    return value


def _identity(source: Input, given: str | None, key: str | None, value: Any, headers: dict[str, str]) -> str:
    """The id, where the contract locates it; where that is a header, the line's own `id` fills it in."""
    locator = source.identity
    if locator.kind == "header" and given is not None:
        headers.setdefault(locator.path, given)
    if locator.kind == "json":
        found = at_pointer(value, locator.path)
    else:
        found = key if locator.kind == "key" else headers.get(locator.path)
    if found is None or isinstance(found, dict | list | bool):
        write = "write it there" + ", or as the id of the line" * (locator.kind == "header")
        raise ValueError(f"there is no id at {locator}, where the contract locates it; {write}")
    if given is not None and str(found) != given:
        raise ValueError(f'id: expected "{found}", which stands at {locator}, found "{given}"')
    return str(found)

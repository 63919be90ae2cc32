"""Varies JSON values within the bounds of a JSON Schema. Knows nothing of events, contracts or Kafka."""

import random
import re
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.validators import validator_for

Schema = Mapping[str, Any]
NOTHING = object()  # in place of an example
TRIES = 20
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?)?$")
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_TYPES: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"
}  # fmt: skip


def validator_of(schema: Schema | bool) -> Any:  # noqa: FBT001 - JSON Schema's own "all" and "nothing"
    """A validator in the schema's own draft; Draft 7, which AsyncAPI takes, where it names none."""
    return validator_for(schema, default=Draft7Validator)(schema)


def make_values(schema: Schema, examples: Sequence[Any], rng: random.Random, count: int) -> list[Any]:
    """`count` values that the schema allows, each varied from the next of `examples`, or made up without any.

    Empty when there is no example and the schema is too intricate to make a value up for.
    """
    whole = validator_of(schema)
    values: list[Any] = []
    for n in range(count):
        example = examples[n % len(examples)] if examples else NOTHING
        tries = (vary(schema, example, rng) for _ in range(TRIES))
        fallback = example if examples else (values[-1] if values else NOTHING)
        value = next((value for value in tries if whole.is_valid(value)), fallback)
        if value is NOTHING:
            return []
        values.append(value)
    return values


def vary(schema: Any, example: Any, rng: random.Random) -> Any:
    """A value like `example` that the schema allows; the example itself where no other can be made."""
    if not isinstance(schema, Mapping):
        return "any" if example is NOTHING else example
    made = _made(schema, example, rng)
    if example is NOTHING or validator_of(schema).is_valid(made):
        return made
    return example


def _made(schema: Schema, example: Any, rng: random.Random) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    for word in ("oneOf", "anyOf"):
        if word in schema:
            rest = {name: value for name, value in schema.items() if name != word}
            return _made(_merged(rest, _branch(schema[word], example, rng)), example, rng)
    if "allOf" in schema:
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            merged = _merged(merged, part)
        return _made(merged, example, rng)
    if example is NOTHING and schema.get("examples"):
        example = rng.choice(schema["examples"])
    return _MAKERS[_type(schema, example, rng)](schema, example, rng)


def _branch(branches: Sequence[Schema], example: Any, rng: random.Random) -> Schema:
    if example is not NOTHING:
        fitting = [branch for branch in branches if validator_of(branch).is_valid(example)]
        if fitting:
            return fitting[0]
    return rng.choice(branches)


def _merged(first: Schema, second: Any) -> dict[str, Any]:
    """A schema that asks what both ask, as far as making a value needs it."""
    if not isinstance(second, Mapping):
        return dict(first)
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _type(schema: Schema, example: Any, rng: random.Random) -> str:
    given = schema.get("type")
    if example is not NOTHING and (not given or isinstance(given, list)):
        return _TYPES[type(example)]
    if isinstance(given, list):
        return str(rng.choice(given))
    if given:
        return str(given)
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _object(schema: Schema, example: Any, rng: random.Random) -> Any:
    properties = schema.get("properties", {})
    if isinstance(example, dict):
        return {name: vary(properties.get(name), value, rng) for name, value in example.items()}
    required = schema.get("required", ())
    names = list(dict.fromkeys([*required, *(name for name in properties if rng.random() < 0.5)]))  # noqa: PLR2004
    return {name: vary(properties.get(name), NOTHING, rng) for name in names}


def _array(schema: Schema, example: Any, rng: random.Random) -> Any:
    items = schema.get("items")
    if isinstance(example, list):
        return [vary(items, value, rng) for value in example]
    low = schema.get("minItems", 0)
    return [vary(items, NOTHING, rng) for _ in range(rng.randint(low, min(schema.get("maxItems", low + 3), low + 3)))]


def _bounds(schema: Schema, example: Any, step: float) -> tuple[float, float]:
    """The least and the greatest number allowed; where the schema has no bound, a bound near the example."""
    near = example if isinstance(example, int | float) else 0
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is not None and not isinstance(above, bool):
        low = above + step
    if below is not None and not isinstance(below, bool):
        high = below - step
    if low is None:
        low = min(0, 2 * near) if high is None else min(high, 0, 2 * near)
    if high is None:
        high = max(low + 1000, 2 * near)
    return low, high


def _integer(schema: Schema, example: Any, rng: random.Random) -> Any:
    low, high = (round(bound) for bound in _bounds(schema, example, 1))
    step = schema.get("multipleOf", 1)
    low, high = -(-low // step), high // step
    return int(rng.randint(int(low), int(high)) * step) if low <= high else example


def _number(schema: Schema, example: Any, rng: random.Random) -> Any:
    low, high = _bounds(schema, example, 1e-6)
    if step := schema.get("multipleOf"):
        return _integer({**schema, "multipleOf": step}, example, rng) if step == int(step) else example
    return min(high, max(low, round(rng.uniform(low, high), 2)))


def _string(schema: Schema, example: Any, rng: random.Random) -> Any:
    if make := _FORMATS.get(schema.get("format", "")):
        return make(rng)
    if not isinstance(example, str):
        low = schema.get("minLength", 1)
        size = rng.randint(low, max(low, min(schema.get("maxLength", low + 12), low + 12)))
        return "".join(rng.choices(string.ascii_lowercase, k=size))
    if stamp := _STAMP.match(example):
        return _moved(stamp, rng)
    return example if rng.random() < 0.5 else _respelt(example, rng)  # noqa: PLR2004


def _moved(stamp: re.Match[str], rng: random.Random) -> str:
    """Another time, written in the same way."""
    moment = _EPOCH + timedelta(seconds=rng.randrange(365 * 86400))
    if not stamp[2]:
        return moment.strftime("%Y-%m-%d")
    fraction = "." + "".join(rng.choices(string.digits, k=len(stamp[4]) - 1)) if stamp[4] else ""
    return moment.strftime(f"%Y-%m-%d{stamp[2]}%H:%M:%S") + fraction + (stamp[5] or "")


def _respelt(text: str, rng: random.Random) -> str:
    """Letters become other letters, digits other digits: what has a form keeps it."""
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        text = "".join(rng.choice(kind) if letter in kind else letter for letter in text)
    return text


_FORMATS: Mapping[str, Callable[[random.Random], str]] = {
    "date-time": lambda rng: (_EPOCH + timedelta(seconds=rng.randrange(365 * 86400))).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda rng: (_EPOCH + timedelta(days=rng.randrange(365))).strftime("%Y-%m-%d"),
    "time": lambda rng: (_EPOCH + timedelta(seconds=rng.randrange(86400))).strftime("%H:%M:%SZ"),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "email": lambda rng: f"user{rng.randrange(10**6)}@example.org",
    "hostname": lambda rng: f"host{rng.randrange(10**6)}.example.org",
    "ipv4": lambda rng: f"192.0.2.{rng.randrange(256)}",
    "uri": lambda rng: f"https://example.org/{rng.randrange(10**6)}",
}
_MAKERS: Mapping[str, Callable[[Schema, Any, random.Random], Any]] = {
    "object": _object,
    "array": _array,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": lambda _schema, _example, rng: rng.random() < 0.5,  # noqa: PLR2004
    "null": lambda _schema, _example, _rng: None,
}

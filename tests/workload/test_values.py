"""Values varied within a schema's bounds."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproof.workload.values import Schema, make_values, validator_of


def rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - to be repeated, not to be safe


bounds = st.integers(-1000, 1000)


def leaf_schemas() -> st.SearchStrategy[Schema]:
    """Schemas of numbers, texts, dates and choices, each with its bounds."""
    numbers = st.builds(
        lambda kind, low, size, words: {"type": kind, words[0]: low, words[1]: low + size},
        st.sampled_from(["integer", "number"]),
        bounds,
        st.integers(2, 100),
        st.sampled_from([("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")]),
    )
    texts = st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20),
        st.integers(0, 20),
    )
    formats = st.builds(
        lambda name: {"type": "string", "format": name},
        st.sampled_from(["date-time", "date", "time", "uuid", "email", "hostname", "ipv4", "uri"]),
    )
    choices = st.builds(lambda some: {"enum": some}, st.lists(bounds, min_size=1, max_size=5))
    plain = st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {"const": {"a": 1}}])
    steps = st.builds(lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 50))
    return st.one_of(numbers, texts, formats, choices, plain, steps)


def schemas() -> st.SearchStrategy[Schema]:
    def grown(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
        names = st.sampled_from("abcdef")
        objects = st.builds(
            lambda properties, some: {
                "type": "object",
                "properties": properties,
                "required": sorted(properties)[:some],
                "additionalProperties": False,
            },
            st.dictionaries(names, inner, max_size=4),
            st.integers(0, 4),
        )
        arrays = st.builds(
            lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
            inner,
            st.integers(0, 3),
            st.integers(0, 3),
        )
        either = st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3))
        return st.one_of(objects, arrays, either)

    return st.recursive(leaf_schemas(), grown, max_leaves=8)


@settings(max_examples=200, deadline=None)
@given(schemas(), st.integers())
def test_a_made_up_value_satisfies_its_schema(schema: Schema, seed: int) -> None:
    """Whatever the schema says, each value made from it, and each value varied from that, is valid."""
    made = make_values(schema, [], rng(seed), 5)
    assert len(made) == 5
    varied = make_values(schema, made, rng(seed), 10)
    assert all(validator_of(schema).is_valid(value) for value in made + varied)


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "integer", "minimum": 0}, 50),
        ({"type": "number"}, 0.5),
        ({"enum": ["a", "b", "c"]}, "a"),
        ({"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"}, "EUR-17"),
        ({"type": "string"}, "2026-03-01T13:02:45.120Z"),
        ({"type": "string"}, "2026-03-01"),
        ({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "boolean"}}}}, {"a": [True]}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 7),
        ({"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}]}, {"a": 1}),
    ],
)
def test_an_example_is_varied(schema: Schema, example: Any) -> None:
    """Numbers, choices, texts and dates differ from the example, and stay valid."""
    values = make_values(schema, [example], rng(1), 30)
    assert any(value != example for value in values)
    assert all(validator_of(schema).is_valid(value) for value in values)


def test_what_cannot_be_varied_stays_the_example() -> None:
    """A schema that only its example satisfies gives the example."""
    schema = {"type": "string", "pattern": "^hello$"}
    assert make_values(schema, ["hello"], rng(1), 3) == ["hello"] * 3


def test_without_example_an_intricate_schema_gives_nothing() -> None:
    """A pattern is not guessed."""
    assert make_values({"type": "string", "pattern": "^x[0-9]{7}y$"}, [], rng(1), 3) == []

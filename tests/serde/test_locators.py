"""Where a value lies in a record: what can be written, and what is found."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from streamproof.errors import UsageError
from streamproof.serde.locators import Headers, Locator, document_in

HEADERS: Headers = (("id", b"1"), ("id", b"2"), ("empty", None))


@pytest.mark.parametrize("text", ["header:event-id", "json:/event_id", "key", "avro:event_id", "column:event_id"])
def test_what_is_written_is_what_is_read(text: str) -> None:
    """A locator's text is the same before and after it was read."""
    assert str(Locator.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heder:id", "header:NAME, json:/POINTER, key, avro:FIELD, protobuf:FIELD or column:NAME"),
        ("", "locates nothing"),
        ("key:id", '"key" alone'),
        ("json:event_id", "json:/event_id"),
        ("header:", "a name must follow"),
    ],
)
def test_a_locator_that_is_none_is_told_what_is_expected(text: str, expected: str) -> None:
    """Each mistake is answered with the form that would be right."""
    with pytest.raises(ValueError, match=expected):
        Locator.parse(text)


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("header:id", b"", "1"),
        ("header:empty", b"", None),
        ("header:other", b"", None),
        ("key", b"", "k\ufffd"),
        ("json:/a/1/b~1c~0d", b'{"a": [0, {"b/c~d": "x"}]}', "x"),
        ("json:/a", b'{"a": 7}', "7"),
        ("json:/a", b'{"a": null}', None),
        ("json:/a", b'{"a": {}}', None),
        ("json:/a/5", b'{"a": [1]}', None),
        ("json:/a/b", b'{"a": 1}', None),
        ("json:/a", b"not JSON", None),
        ("json:/a", None, None),
    ],
)
def test_a_value_is_found_or_is_not_there(text: str, value: bytes | None, found: str | None) -> None:
    """An absent value is `None`, whatever the record holds instead; for a record and for many alike."""
    locator = Locator.parse(text)
    assert locator.of(b"k\xff", value, HEADERS) == found
    records = SimpleNamespace(keys=[b"k\xff"] * 2, values=[value] * 2, headers=[HEADERS] * 2)
    records.documents = [document_in(value) for value in records.values]
    assert locator.of_all(records) == [found, found]


def test_what_takes_more_than_the_record_is_found_by_a_decoder() -> None:
    """It is given the value alone, and its answer becomes text; the place is the same place."""
    plain = Locator.parse("avro:n")
    locator = replace(plain, decode=lambda value: len(value) if value else None)
    locator.require_in_records()
    records = SimpleNamespace(keys=[None] * 2, values=[b"abc", None], headers=[()] * 2)
    assert locator.of_all(records) == ["3", None]
    assert locator.of(None, b"ab", ()) == "2"
    assert locator == plain


@pytest.mark.parametrize(("text", "expected"), [("avro:order.id", "json:/order/id"), ("key", "key")])
def test_an_avro_field_has_a_place_in_json(text: str, expected: str) -> None:
    """Where the JSON that a record is written from holds it."""
    assert str(Locator.parse(text).in_json) == expected


@pytest.mark.parametrize("text", ["avro:event_id", "column:event_id"])
def test_what_lies_in_no_record_is_refused(text: str) -> None:
    """A place that records cannot be searched at is an error that names the others."""
    with pytest.raises(UsageError, match=rf'identity "{text}" .* header:NAME, json:/POINTER or key'):
        Locator.parse(text).of(None, None, ())

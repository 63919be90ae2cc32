"""Events from a file of JSON lines."""

import re
from pathlib import Path

import pytest

from streamproof.contract.flags import contract_from_flags
from streamproof.errors import UsageError
from streamproof.history.terms import Fate
from streamproof.workload.events import Event, events_from_file

ROOT = Path(__file__).parents[2]
FLAGS = {"input_topic": "a", "output_topics": ["b"], "group": "g", "promise": "exactly-once"}
BY_HEADER = contract_from_flags(**FLAGS, identity="header:event-id")  # type: ignore[arg-type]
BY_FIELD = contract_from_flags(**FLAGS, identity="json:/id")  # type: ignore[arg-type]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


def test_a_line_is_an_event(written: Path) -> None:
    """Key, value, headers, fate and id arrive; a text goes out as it is, all else as JSON; sequences are counted."""
    written.write_text(
        '{"key": "k", "value": {"a": 1}, "headers": {"event-id": "x", "h": "é"}}\n'
        "\n"
        '{"key": "k", "value": "no json", "id": "y", "fate": "poison"}\n'
        '{"key": "k", "value": 3, "id": "z"}\n'
        '{"value": null, "id": "w", "seq": 9}\n'
    )
    assert list(events_from_file(written, BY_HEADER)) == [
        Event("x", "k", 0, Fate.PROCESS, b'{"a":1}', (("event-id", b"x"), ("h", "é".encode()))),
        Event("y", "k", 1, Fate.POISON, b"no json", (("event-id", b"y"),)),
        Event("z", "k", 1, Fate.PROCESS, b"3", (("event-id", b"z"),)),
        Event("w", None, 9, Fate.PROCESS, b"null", (("event-id", b"w"),)),
    ]


def test_an_id_is_taken_from_where_the_contract_locates_it(written: Path) -> None:
    """A line need not say it twice."""
    written.write_text('{"value": {"id": 17}}')
    assert [event.id for event in events_from_file(written, BY_FIELD)] == ["17"]


def test_a_line_that_is_no_json_is_named_with_its_column(written: Path) -> None:
    """And it is said what to write."""
    written.write_text('{"id": "first", "value": 0}\n{"value": 1\n')
    with pytest.raises(UsageError) as caught:
        list(events_from_file(written, BY_HEADER))
    assert str(caught.value) == f"{written}:2:12: no valid JSON: expected a comma or a closing bracket; write it"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("[1]", 'expected an object such as {"key": "a", "value": {}}, found [1]'),
        ('{"id": "x"}', "value is missing: expected any JSON"),
        ('{"id": "x", "valu": 1}', 'valu is not known (did you mean "value"?)'),
        ('{"amount": 1}', "amount is not known; a line has key, value, headers, fate, id, seq"),
        ('{"id": "x", "value": 1, "key": 3}', "key: expected a text, found 3"),
        ('{"id": "x", "value": 1, "seq": true}', "seq: expected a whole number, found true"),
        ('{"id": "x", "value": 1, "headers": []}', "headers: expected an object, found []"),
        ('{"id": "x", "value": 1, "headers": {"a": 1}}', "headers: expected names and texts"),
        (
            '{"id": "x", "value": 1, "fate": "poisn"}',
            'fate: expected process, poison, filter, abort, found "poisn" (did you mean "poison"?)',
        ),
        ('{"value": 1}', "there is no id at header:event-id, where the contract locates it; write it there, or as "),
        (
            '{"id": "y", "value": 1, "headers": {"event-id": "x"}}',
            'id: expected "x", which stands at header:event-id, found "y"',
        ),
        ('{"id": "first", "value": 1}', 'id "first" stands twice, first in line 1'),
    ],
)
def test_a_bad_line_is_named(written: Path, line: str, sentence: str) -> None:
    """The sentence says file, line and what is expected."""
    written.write_text(f'{{"id": "first", "value": 0}}\n{line}\n')
    with pytest.raises(UsageError) as caught:
        list(events_from_file(written, BY_HEADER))
    assert str(caught.value).startswith(f"{written}:2: {sentence}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot read the input (No such file or directory); check the path after --input"),
        (b"\xff\xfe", "cannot read the input (it is no UTF-8 text); check the path after --input"),
        (b"\n\n", "the input is empty; give one event a line"),
    ],
)
def test_a_file_without_events_is_refused(written: Path, content: bytes | None, sentence: str) -> None:
    """A missing, unreadable or empty file is no input."""
    if content is not None:
        written.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        list(events_from_file(written, BY_HEADER))
    assert str(caught.value) == f"{written}: {sentence}"


def test_the_lines_of_the_page_are_events(written: Path) -> None:
    """As docs/input.md has them, with their fates."""
    [lines] = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "input.md").read_text(), re.DOTALL)
    written.write_text(lines)
    assert [event.fate for event in events_from_file(written, BY_HEADER)] == [Fate.PROCESS, Fate.FILTER, Fate.POISON]

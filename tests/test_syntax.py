"""What is said of a text that is none of its language: the place, what is wrong, and what to write."""

from pathlib import Path

import pytest

from streamproof.contract.source_document import parse
from streamproof.errors import ContractError
from streamproof.syntax import MalformedError, read_json, read_toml


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "a: b: c",
            "1:5: no valid YAML: a colon does not fit what stands before it; write KEY: VALUE, and quote a text",
        ),
        ("a:1\nb: 2", "2:2: no valid YAML: a colon does not fit what stands before it"),
        ("a:\n- b\nc", "3:2: no valid YAML: a key without a colon; write KEY: VALUE"),
        ("a:\n\tb: 1", "2:1: no valid YAML: a tab; indent with spaces"),
        ("a: @x", "1:4: no valid YAML: a text cannot begin with @; put it in quotes"),
        ("a: 'it's'", "1:8: no valid YAML: a text goes on after its closing quote"),
        ("a: 'x', b: 1", "1:7: no valid YAML: a value has ended before this; give each key its own line"),
        ("a: 1\n- b", "2:1: no valid YAML: a list and keys stand side by side"),
        ("a:\n  b: 1\n c: 2", "3:2: no valid YAML: its indentation fits none of the lines before it"),
        ("a: [1,\n 2", "1:4: no valid YAML: the bracket that begins here is not closed; close it with ]"),
        ("a: {b: 1 c: 2}", "1:11: no valid YAML: expected a comma or }; "),
        ("a: 'x\nb: 1", "1:4: no valid YAML: the quote that begins here is not closed; close it"),
        ("a: * b", "1:5: no valid YAML: a text cannot begin with * or &; put it in quotes"),
        ("a: *b", "1:4: no valid YAML: *b refers to &b, which is not there"),
        ('a: "\\q"', "1:6: no valid YAML: \\q means nothing in double quotes; write \\\\q, or use single quotes"),
        ("a: - b", "1:4: no valid YAML: a list begins in the midst of a line"),
        ("a: 1\n---\nb: 1", "2:1: no valid YAML: more follows after the end; keep a single document"),
        ("a: ]", "1:4: no valid YAML: expected a value"),
        ("a: \x01", "1:1: no valid YAML: a character that cannot be printed; leave it out"),
    ],
)
def test_what_is_no_yaml(text: str, sentence: str) -> None:
    """What is not closed is told where it begins, and all else where it was noticed."""
    with pytest.raises(ContractError) as caught:
        parse(text, Path("c.yaml"))
    assert str(caught.value).startswith(f"c.yaml:{sentence}")


def test_what_should_be_json_is_told_by_the_rules_of_json() -> None:
    """A contract may be JSON, and is read as YAML, which allows more."""
    with pytest.raises(ContractError) as caught:
        parse('{\n\t"a": {\n', Path("c.json"))
    assert str(caught.value).startswith("c.json:3:1: no valid JSON: expected a key; put it in double quotes")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a", "1:2: no valid TOML: a key without =; write KEY = VALUE"),
        ("a: 1", "1:2: no valid TOML: a key without =; write KEY = VALUE"),
        ("a = b", "1:5: no valid TOML: expected a value; write it, and put a text in quotes"),
        ('a = "x\nb = 1', "1:7: no valid TOML: a text is not closed; end it with its quote"),
        ("a = 'x", "1:7: no valid TOML: a text is not closed; end it with its quote"),
        ("a = '''x", "1:9: no valid TOML: a text is not closed; end it with its quote"),
        ("a = 1\na = 2", "2:6: no valid TOML: that key or table is there already"),
        ("[a]\n[a]", "2:3: no valid TOML: that key or table is there already"),
        ("[a\nb = 1", "1:3: no valid TOML: a table's name is not closed; write [NAME]"),
        ("a = [1, 2", "1:10: no valid TOML: a list is not closed; close it with ]"),
        ("a = {b = 1", "1:11: no valid TOML: a table in braces is not closed; close it with } in the same line"),
        ("a = {\n b = 1 }", "1:6: no valid TOML: expected a key"),
        ("a = 1 b = 2", "1:7: no valid TOML: more follows in the line than a value"),
        ('a = "C:\\q"', "1:10: no valid TOML: \\ begins an escape in double quotes; write \\\\, or use single quotes"),
        ("= 1", "1:1: no valid TOML: expected a key or a table; write KEY = VALUE or [NAME]"),
        ('a = "\x01"', "1:6: no valid TOML: a character that cannot be printed; leave it out"),
    ],
)
def test_what_is_no_toml(text: str, sentence: str) -> None:
    """The end of the text is a place too."""
    with pytest.raises(MalformedError) as caught:
        read_toml(text)
    assert f"{caught.value.place}: {caught.value}".startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "1:1: no valid JSON: expected a value; put a text in double quotes"),
        ("True", "1:1: no valid JSON: expected a value"),
        ("{'a': 1}", "1:2: no valid JSON: expected a key; put it in double quotes"),
        ('{"a" 1}', '1:6: no valid JSON: a key without a colon; write "KEY": VALUE'),
        ('{\n "a": 1\n "b": 2}', "3:2: no valid JSON: expected a comma or a closing bracket; write it"),
        ("{} {}", "1:4: no valid JSON: more follows after the end; keep a single document"),
        ('{"a": "x}', "1:7: no valid JSON: the quote that begins here is not closed; close it in its line"),
        ('{"a": "x\n"}', "1:9: no valid JSON: a text goes on in another line"),
        ('{"a": "\\q"}', "1:8: no valid JSON: \\ begins an escape; write \\\\"),
        ('{"NaN": 1,\n"b": NaN}', "2:6: no valid JSON: JSON has no NaN; write a number, or null"),
        ("[-Infinity]", "1:2: no valid JSON: JSON has no -Infinity; write a number, or null"),
        ("[" * 100_000, "1:1: no valid JSON: it is nested too deeply to be read"),
    ],
)
def test_what_is_no_json(text: str, sentence: str) -> None:
    """What Python reads beyond JSON is none."""
    with pytest.raises(MalformedError) as caught:
        read_json(text)
    assert f"{caught.value.place}: {caught.value}".startswith(sentence)


def test_what_a_parser_says_otherwise_is_passed_on() -> None:
    """It is better than nothing."""
    assert str(MalformedError("YAML", 1, 2, "Expected URI")) == "no valid YAML: expected URI"

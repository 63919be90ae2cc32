"""What is wrong with the syntax of a file that a user has written: where, and in words that are not a parser's."""

import json
import re
import tomllib
from typing import Any, NoReturn

# what a parser says, and what is said in its place: what is wrong, and what to write
IN_PLAIN_WORDS = [
    # YAML
    (
        r"mapping values are not",
        "a colon does not fit what stands before it; write KEY: VALUE, and quote a text with a colon",
    ),
    (r"could not find expected ':'", "a key without a colon; write KEY: VALUE"),
    (r"character '\\t' that", "a tab; indent with spaces"),
    (r"character '(.)' that", "a text cannot begin with {}; put it in quotes"),
    (
        r"<block end>, but found '<scalar>'",
        "a text goes on after its closing quote; put the whole of it in other quotes",
    ),
    (
        r"<block end>, but found '[],}]'",
        "a value has ended before this; give each key its own line, or put them all in braces: {{ KEY: VALUE }}",
    ),
    (r"<block end>, but found '[-?]'", "a list and keys stand side by side; indent what belongs to the other"),
    (
        r"<block end>",
        "its indentation fits none of the lines before it; begin it in the same column as those beside it",
    ),
    (r"expected ',' or '(.)', but got '<stream end>'", "the bracket that begins here is not closed; close it with {}"),
    (r"expected ',' or '(.)'", "expected a comma or {}; write it, and quote a text with a comma, a colon or a bracket"),
    (r"unexpected end of stream", "the quote that begins here is not closed; close it"),
    (r"undefined alias '(.+)'", "*{0} refers to &{0}, which is not there; put a text that begins with * in quotes"),
    (r"unknown escape character '(.)'", "\\{0} means nothing in double quotes; write \\\\{0}, or use single quotes"),
    (r"sequence entries are not", "a list begins in the midst of a line; give it lines of its own"),
    (r"alphabetic or numeric char", "a text cannot begin with * or &; put it in quotes"),
    (
        r"another document|'<document start>'",
        "more follows after the end; keep a single document, and check its brackets",
    ),
    (r"the node content", "expected a value; write it, and quote a text that begins with a comma or a bracket"),
    # TOML
    (r"Expected '=' after", "a key without =; write KEY = VALUE, and quote a key with a space or a dot in it"),
    (r"Invalid value", "expected a value; write it, and put a text in quotes"),
    (
        r"character '\\n'|Unterminated string \(|Unterminated string$|Expected [\"']'[\"']",
        "a text is not closed; end it with its quote",
    ),
    (
        r"Cannot (overwrite|declare|mutate)",
        "that key or table is there already; keep a single one, or rename one of the two",
    ),
    (r"Expected '\]+' at the end", "a table's name is not closed; write [NAME]"),
    (r"Unclosed array", "a list is not closed; close it with ]"),
    (r"inline table", "a table in braces is not closed; close it with }} in the same line"),
    (r"for a key part", "expected a key; write letters, digits, - or _, or a text in quotes"),
    (r"Expected newline", "more follows in the line than a value; quote a text, and give each key its own line"),
    (r"Unescaped '\\'", "\\ begins an escape in double quotes; write \\\\, or use single quotes"),
    (r"Invalid statement", "expected a key or a table; write KEY = VALUE or [NAME]"),
    # JSON
    (r"Expecting value", "expected a value; put a text in double quotes, and no comma before a closing bracket"),
    (r"Expecting property name", "expected a key; put it in double quotes, and no comma before }}"),
    (r"Expecting ':'", 'a key without a colon; write "KEY": VALUE'),
    (r"Expecting ','", "expected a comma or a closing bracket; write it"),
    (r"Extra data", "more follows after the end; keep a single document, and check its brackets"),
    (r"Unterminated string starting", "the quote that begins here is not closed; close it in its line"),
    (r"Invalid control character at", "a text goes on in another line, or has a tab in it; write \\n or \\t"),
    (r"Invalid \\.*escape", "\\ begins an escape; write \\\\"),
    (r"trailing comma", "a comma before a closing bracket; leave it out"),
    # all of them
    (
        r"special characters are not|nvalid character|llegal character",
        "a character that cannot be printed; leave it out",
    ),
]


class MalformedError(ValueError):
    """A text that is none of its language: where, from 1, and a sentence that says what is wrong and what to write."""

    def __init__(self, language: str, line: int, column: int, said: str) -> None:
        self.line, self.column = line, column
        super().__init__(f"no valid {language}: {_plain(said)}")

    @property
    def place(self) -> str:
        return f"{self.line}:{self.column}"


def read_json(text: str) -> Any:
    """The value in `text`; MalformedError for what is no JSON."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise MalformedError("JSON", error.lineno, error.colno, error.msg) from error
    except RecursionError as error:
        raise MalformedError("JSON", 1, 1, "it is nested too deeply to be read") from error
    except ValueError as error:  # of a constant, which the parser does not place
        at = re.search(r"[:,\[\s](NaN|-?Infinity)", f" {text}")
        before = text[: at.start(1) - 1] if at else ""
        raise MalformedError("JSON", before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1, str(error)) from error


def read_toml(text: str) -> dict[str, Any]:
    """The tables in `text`; MalformedError for what is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        lines = text.splitlines() or [""]
        line, column = (int(at[1]), int(at[2])) if at else (len(lines), len(lines[-1]) + 1)
        raise MalformedError("TOML", line, column, re.sub(r" \(at .*\)$", "", str(error))) from error


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"JSON has no {text}; write a number, or null")


def _plain(said: str) -> str:
    """What a parser said, in plain words where they are known."""
    for pattern, words in IN_PLAIN_WORDS:
        if found := re.search(pattern, said):
            return words.format(*found.groups())
    return said if said.startswith("JSON") else said[:1].lower() + said[1:]

"""Witnesses in words: each check's own sentence."""

import pytest

from streamproof.checks.messages import sentence
from streamproof.errors import UsageError
from tests.checks.histories import START, STEP


def test_a_sentence_is_the_first_that_can_be_said() -> None:
    """The first with all its columns; else the columns are listed, as for a check without a sentence."""
    row = {"id": "a", "topic": "in", "part": 0, "off": 3, "n": None, "t": START + STEP}
    assert sentence(row, "{id} has {n} | {id} has none, at {t:clock}", "x.sql") == "a has none, at 14:13:20.001"
    assert sentence(row, "{id} has {n}", "x.sql") == sentence(row, "", "x.sql") == f"in[0]@3  id a · t {row['t']}"


def test_a_sentence_with_an_unknown_column_is_told() -> None:
    """Of a project's own check."""
    with pytest.raises(UsageError, match=r"own\.sql: its header's witness has {colour}, which is no column"):
        sentence({"id": "a"}, "{id} is {colour}", "own.sql")

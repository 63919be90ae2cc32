"""Levels, whole histories, and what is not known, or not yet."""

import pytest

from streamproof.compat import Direction, Level, Version, check, check_history
from streamproof.errors import UsageError

A = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}'
AB = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}'
AB0 = AB.replace('"b", "type": "int"', '"b", "type": "int", "default": 0')

BACKWARD = {Level.BACKWARD, Level.BACKWARD_TRANSITIVE}
FORWARD = {Level.FORWARD, Level.FORWARD_TRANSITIVE}


@pytest.mark.parametrize(
    ("new", "olds", "accepted"),
    [
        # a field without a default: old readers pass it over, new readers miss it
        (AB, [A], {Level.NONE} | FORWARD),
        # taken away again: new readers pass it over, old readers miss it
        (A, [AB], {Level.NONE} | BACKWARD),
        # with a default, any order
        (AB0, [A], set(Level)),
        # by way of a default to a field without: only the latest can be followed
        (AB, [A, AB0], set(Level) - {Level.BACKWARD_TRANSITIVE, Level.FULL_TRANSITIVE}),
        (A, [AB, AB0], {Level.NONE, Level.BACKWARD, Level.FORWARD, Level.FULL, Level.BACKWARD_TRANSITIVE}),
        ('"string"', [A], {Level.NONE}),
        (A, [], set(Level)),
    ],
)
def test_each_level_asks_its_own_question(new: str, olds: list[str], accepted: set[Level]) -> None:
    """All seven: the latest alone or all, new reads old, old reads new, or both."""
    assert {level for level in Level if check(new, olds, level=level).compatible} == accepted
    assert set(check(new, olds, level="FULL_TRANSITIVE").accepted_by) == accepted


def test_a_difference_says_who_reads_whom() -> None:
    """The version that reads, the version that wrote, and in which direction that is."""
    (found,) = check(A, [AB], level="FULL").differences
    assert (found.direction, found.reader, found.writer) == (Direction.FORWARD, "v1", "v2")
    assert (found.name, found.path) == ("b", "/fields/1")


def test_a_history_is_judged_version_by_version() -> None:
    """Each against those before it, the first against none."""
    versions = [Version("v1", A), Version("v2", AB0), Version("v3", AB)]
    results = check_history(versions, level="FULL_TRANSITIVE")
    assert [(result.new, result.compatible) for result in results] == [("v1", True), ("v2", True), ("v3", False)]
    assert {(difference.reader, difference.writer) for difference in results[2].differences} == {("v3", "v1")}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"level": "BACKWARDS"}, 'level "BACKWARDS" is not known \\(did you mean "BACKWARD"'),
        ({"schema_type": "JSON"}, "JSON schemas cannot be compared yet"),
        ({"schema_type": "PROTOBUF"}, "PROTOBUF schemas cannot be compared yet"),
        ({"schema_type": "THRIFT"}, 'type "THRIFT" is not known'),
        ({"policy": "LAX"}, 'policy "LAX" is not known'),
    ],
)
def test_what_is_not_known_or_not_yet_is_refused(given: dict[str, str], sentence: str) -> None:
    """No verdict rather than half a verdict."""
    with pytest.raises(UsageError, match=sentence):
        check(A, [A], **given)  # type: ignore[arg-type]


def test_a_level_may_be_written_small() -> None:
    """As settings often are."""
    assert check(AB, [A], level="forward").compatible

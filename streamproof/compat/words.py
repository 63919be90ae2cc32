"""Differences in words: which version cannot read which, and a way out."""

from typing import NamedTuple

from streamproof.compat.difference import Difference, Direction, Mismatch


class _Words(NamedTuple):
    """The problem and a way out, for the newer version as the reader, and for the older."""

    backward: str
    mend_backward: str
    forward: str
    mend_forward: str


WIDENED = "int to long, float or double; long to float or double; float to double; string to bytes and back"
WORDS = {
    "reader-field-missing-default": _Words(
        'it does not have "{name}", which has no default in {reader}',
        "give the field a default",
        '"{name}" is gone, and {reader} has no default for it',
        "keep the field, or give it a default in an earlier version",
    ),
    "type-mismatch": _Words(
        "{detail}",
        f"keep the type, or widen it ({WIDENED})",
        "{detail}",
        "keep the type, or let consumers read the wider type first",
    ),
    "missing-enum-symbols": _Words(
        "{detail}",
        "keep the symbols, or give the enum a default",
        "{detail}",
        "give the enum a default in an earlier version",
    ),
    "missing-union-branch": _Words(
        "{detail}", "keep the branch", "{detail}", "let consumers have the branch first, in an earlier version"
    ),
    "name-mismatch": _Words(
        "{detail}", "keep the name, or add the old name to the aliases", "{detail}", "keep the name"
    ),
    "fixed-size-mismatch": _Words("{detail}", "keep the size", "{detail}", "keep the size"),
    "ambiguous-alias": _Words(
        '"{name}": {detail}', "let one name or alias alone match", '"{name}": {detail}', "rename one of the two fields"
    ),
}


def difference(found: Mismatch, direction: Direction, reader: str, writer: str) -> Difference:
    """A mismatch as a difference between two versions."""
    words = WORDS[found.type]
    told = {"name": found.name, "detail": found.detail, "reader": reader, "writer": writer}
    if direction is Direction.BACKWARD:
        who = f"Consumers on {reader} cannot read what was written with {writer}"
        why, mend = words.backward, words.mend_backward
    else:
        who = f"Consumers still on {reader} cannot read what producers on {writer} write"
        why, mend = words.forward, words.mend_forward
    message = f"{who}: {why.format(**told)}."
    return Difference(found.type, found.path, message, direction, reader, writer, found.name, mend)

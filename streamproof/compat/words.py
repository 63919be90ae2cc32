"""A result in words: who cannot read what, and what would mend it."""

from typing import NamedTuple

from streamproof.compat.history import Found, Level, Result


class _Words(NamedTuple):
    """What is wrong and what mends it, with the newer version reading, and with the older."""

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
        "keep the field, or give it a default in a version before this one",
    ),
    "type-mismatch": _Words(
        "{detail}",
        f"keep the type, or widen it ({WIDENED})",
        "{detail}",
        "keep the type, or let consumers read the wider one first",
    ),
    "missing-enum-symbols": _Words(
        "{detail}",
        "keep the symbols, or give the enum a default",
        "{detail}",
        "give the enum a default in a version before this one",
    ),
    "missing-union-branch": _Words(
        "{detail}", "keep the branch", "{detail}", "let consumers have the branch first, in a version before this one"
    ),
    "name-mismatch": _Words(
        "{detail}", "keep the name, or add the old one to the aliases", "{detail}", "keep the name"
    ),
    "fixed-size-mismatch": _Words("{detail}", "keep the size", "{detail}", "keep the size"),
    "ambiguous-alias": _Words(
        '"{name}": {detail}', "let one name or alias alone match", '"{name}": {detail}', "rename one of the two fields"
    ),
}


def explain(result: Result) -> str:
    """Rich markup: a line of verdict for each direction that is broken with each version, and its differences."""
    if result.compatible:
        return f"{result.new}  [green]COMPATIBLE[/]  {result.level}"
    lines: list[str] = []
    pairs = dict.fromkeys((one.direction, one.reader, one.writer) for one in result.found)
    for direction, reader, writer in pairs:
        old = writer if direction is Level.BACKWARD else reader
        lines.append(f"{result.new} → {old}  [bold red]INCOMPATIBLE[/]  {direction}")
        for one in result.found:
            if (one.direction, one.reader, one.writer) == (direction, reader, writer):
                lines += _lines(one)
    accepted = ", ".join(one for one in result.accepted_by)
    lines.append(f"  Accepted by: {accepted}.")
    return "\n".join(lines)


def _lines(found: Found) -> list[str]:
    one, words = found.difference, WORDS[found.difference.kind]
    told = {"name": one.name, "detail": one.detail, "reader": found.reader, "writer": found.writer}
    if found.direction is Level.BACKWARD:
        who = f"Consumers on {found.reader} cannot read what was written with {found.writer}"
        why, mend = words.backward, words.mend_backward
    else:
        who = f"Consumers still on {found.reader} cannot read what producers on {found.writer} write"
        why, mend = words.forward, words.mend_forward
    return [
        f"  {one.kind}  {one.path or '/'}{f' ({one.name})' if one.name else ''}",
        f"  {who}: {why.format(**told)}.",
        f"  To mend: {mend}.",
    ]


def to_json(result: Result) -> dict[str, object]:
    """For `--json`."""
    return {
        "version": result.new,
        "level": result.level,
        "compatible": result.compatible,
        "accepted_by": list(result.accepted_by),
        "differences": [
            {
                "direction": one.direction,
                "reader": one.reader,
                "writer": one.writer,
                "type": one.difference.kind,
                "path": one.difference.path,
                "name": one.difference.name,
                "detail": one.difference.detail,
            }
            for one in result.found
        ],
    }

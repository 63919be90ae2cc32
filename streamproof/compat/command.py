"""What `streamproof compat` does: files in, results out, as words or as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich.markup import escape

from streamproof.compat.difference import Difference, Direction
from streamproof.compat.files import read_history, read_text, read_versions
from streamproof.compat.history import Level, Result, check_history
from streamproof.errors import UsageError


def compare(
    new: Path, old: Sequence[Path], *, level: str, schema_type: str, references: Sequence[str] = ()
) -> list[Result]:
    """Each version of the history in the directory `new`; or that in the file `new` against `old`, the latest first.

    `references`: NAME=FILE, or FILE. UsageError and SchemaError as `check`, for a file that cannot be read, and for a
    file alone, without the versions before it. A directory may hold a first version alone.
    """
    if extra := next((path for path in old if path.is_dir() or new.is_dir()), None):
        raise UsageError(f"{new} {extra}: a directory is a whole history; give it alone, or give files")
    versions = read_history(new) if new.is_dir() else read_versions([*reversed(old), new])
    named = [(name or file, Path(file)) for name, _, file in (reference.rpartition("=") for reference in references)]
    texts = {name: read_text(file) for name, file in named}
    results = check_history(versions, schema_type=schema_type, level=level, references=texts)
    if not new.is_dir() and not old:
        raise UsageError(
            f"{new}: nothing to compare with; give the versions before it too, the latest first, or a directory of all"
        )
    return results if new.is_dir() else results[-1:]


def explain(result: Result) -> str:
    """Rich markup: for each version and direction that is broken, what breaks it; and the levels that are left."""
    new = escape(result.new)
    if result.compatible:
        first = "" if result.before else "  (the first: nothing to compare with)"
        return f"{new}  [green]COMPATIBLE[/]  {result.level}{first}"
    lines: list[str] = []
    for (direction, old), differences in groupby(result.differences, key=_broken):
        lines.append(f"{new} → {escape(old)}  [bold red]INCOMPATIBLE[/]  {direction}")
        for difference in differences:
            name = f" ({difference.name})" if difference.name else ""
            lines += [
                f"  {difference.type}  {difference.path or '/'}{name}",
                f"  {escape(difference.message)}",
                f"  To mend: {difference.mend}.",
            ]
    accepted = ", ".join(level for level in result.accepted_by if level is not Level.NONE)
    lines.append(f"  Accepted by: {accepted or 'NONE alone'}.")
    return "\n".join(lines)


def _broken(found: Difference) -> tuple[Direction, str]:
    """The direction, and the older version."""
    return found.direction, found.writer if found.direction is Direction.BACKWARD else found.reader


def to_json(result: Result) -> dict[str, object]:
    """For `--json`."""
    return {
        "version": result.new,
        "level": result.level,
        "compatible": result.compatible,
        "before": result.before,
        "accepted_by": list(result.accepted_by),
        "differences": [asdict(difference) for difference in result.differences],
    }

"""Where a run is kept: below `.streamproof`, which git ignores, unless the user names a place."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from streamproof.errors import UsageError

HOME = Path(".streamproof")
RUNS = HOME / "runs"
SWEEPS = HOME / "sweeps"
SHRUNK = HOME / "shrunk"
UP = HOME / "up"
_IGNORE = HOME / ".gitignore"


def new_directory(under: Path) -> Path:
    """A directory named by the time, so that names sort; it is not made yet."""
    return under / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")


def ignored_by_git() -> None:
    """Keep what lies below `.streamproof`, which must be there, out of a repository."""
    _IGNORE.write_text("*\n")


@contextmanager
def kept(directory: Path, *, again: bool = False) -> Iterator[Path]:
    """A directory for a single run, and its logs/; when nothing was written there, it is gone again.

    `again`: the directory is there, and what it holds is gone on with; its logs are the next of their number.
    """
    logs = directory / (f"logs-{1 + len(list(directory.glob('logs*')))}" if again else "logs")
    missing = [path for path in (logs, *logs.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if HOME in directory.parents:
            ignored_by_git()
    except OSError as error:
        raise UsageError(f"{directory} cannot be made ({error.strerror}); name another directory") from error
    try:
        logs.mkdir()  # only the first of two runs can
    except OSError as error:
        raise UsageError(
            f"{directory} holds a run already, or cannot be written ({logs.name}: {error.strerror}); name another"
        ) from error
    try:
        yield logs
    finally:
        with contextlib.suppress(OSError):  # a directory that holds something stays, and so do those above it
            for path in missing:
                if list(path.iterdir()) == [_IGNORE]:
                    _IGNORE.unlink()
                path.rmdir()

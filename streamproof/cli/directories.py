"""Where the command keeps what it makes, unless a flag says otherwise."""

from datetime import UTC, datetime
from pathlib import Path

RUNS = Path(".streamproof/runs")


def new_directory(under: Path) -> Path:
    """A directory named by the time, so that names sort; it is not made yet."""
    return under / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")

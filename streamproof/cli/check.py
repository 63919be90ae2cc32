"""`streamproof check`: a history that lies there is judged again."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streamproof.cli.flags import DIR, Json, Junit, Without
from streamproof.cli.judged import STATUSES, finish, tell
from streamproof.engine.directories import RUNS
from streamproof.errors import UsageError

EPILOG = f"Example:  streamproof check .streamproof/runs/2026-11-23T10-15-02 --json\n\n{STATUSES}"


def check(
    directory: Annotated[Path, typer.Argument(**DIR, help="A run's directory, or its history.")],
    group: Annotated[str | None, typer.Option(help="Whose promise to judge, where a run has several groups.")] = None,
    checks: Annotated[list[Path] | None, typer.Option(**DIR, help="A directory of checks of your own.")] = None,
    without: Without = None,
    as_json: Json = False,
    junit: Junit = None,
) -> None:
    """Judge a recorded history again."""
    from streamproof.checks import judge, write_witnesses  # noqa: PLC0415
    from streamproof.history.store import History  # noqa: PLC0415

    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory; give that of a run, such as {RUNS}/…")
    history = History.find(directory)
    verdict = judge(history, group, extra=tuple(checks or ()), without=tuple(without or ()))
    write_witnesses(history, verdict, directory / "witnesses", extra=tuple(checks or ()))
    tell(verdict, history, directory, None if as_json else Console(highlight=False))
    finish([(verdict, history)], as_json=as_json, junit=junit)

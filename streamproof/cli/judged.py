"""The end of `verify` and `check`: the verdict is printed, and decides the exit status."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:  # slow to import: by those verbs alone that judge
    from streamproof.checks import Verdict
    from streamproof.history.store import History

EXIT = {"upheld": 0, "violated": 1, "unproven": 3}
STATUSES = "Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 after Ctrl-C."


def finish(verdict: "Verdict", history: "History", witnesses: Path, *, as_json: bool, draws: bool = False) -> NoReturn:
    """Say what came of a run, and exit. `draws`: its timeline too."""
    from streamproof.report.document import judged_run  # noqa: PLC0415
    from streamproof.report.text import explain  # noqa: PLC0415

    if not as_json:
        # the verdict first: the picture takes a second
        Console(highlight=False, soft_wrap=True).print(explain(verdict, history, witnesses=witnesses))
    picture = _draw(history) if draws else None
    if as_json:
        print(json.dumps(judged_run(verdict, history).to_json()))
    elif picture:
        print(f"        Timeline {picture}")
    raise typer.Exit(EXIT[verdict.outcome])


def _draw(history: "History") -> Path | None:
    """The run's timeline, beside its history; None without the drawing library."""
    from streamproof.report.timeline import can_draw, timeline  # noqa: PLC0415

    if not can_draw():
        return None
    picture = history.directory.parent / "timeline.png"
    picture.write_bytes(timeline(history))
    return picture

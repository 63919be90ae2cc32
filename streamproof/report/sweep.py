"""A sweep as a map of the subject's cycle: what became of each step, as a table and as a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from rich.console import Group
from rich.table import Table
from rich.text import Text

from streamproof import __version__
from streamproof.checks import Outcome
from streamproof.engine.sweep import Sweep, Tried
from streamproof.faults.cycle import Step
from streamproof.faults.moments import Stage
from streamproof.faults.sweep import How
from streamproof.history.terms import Side
from streamproof.report.page import write_html
from streamproof.report.text import COLOURS

ARROWS = {Side.REQUEST: "→", Side.RESPONSE: "←"}  # to a broker, and back
INKS = {"right": "green", "wrong": "red", "never": "yellow", "": "default"}
LEGEND = "→ before the request reaches its broker   ← once it is answered   ✔ nothing forbidden   – it never came up"


@dataclass(frozen=True)
class Cell:
    """What became of a fault at a step. `kind`: right, wrong, never, or nothing where it was not tried."""

    kind: str = ""
    text: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Row:
    """A step of the map, with a cell for each kind of fault. `stage`: of the first step of a stage; else nothing."""

    stage: str
    step: str
    cells: tuple[Cell, ...]


def map_of(sweep: Sweep) -> Group:
    """The map for a terminal: a row for each step that was tried, by stage, and a column for each kind of fault."""
    colour = COLOURS[sweep.outcome]
    title = Text.assemble((sweep.outcome.upper(), f"bold {colour}"), f"  {_counted(sweep)}")
    table = Table(box=None, pad_edge=False)
    for column in ("stage", "step", *_hows(sweep)):
        table.add_column(column)
    for row in _rows(sweep):
        table.add_row(row.stage, row.step, *(f"[{INKS[cell.kind]}]{cell.text}[/]" for cell in row.cells))
    return Group(title, table, Text(LEGEND, style="dim"))


def write_map(sweep: Sweep, directory: Path) -> Path:
    """The map as a page, beside the directories of the runs; ReportError where it cannot be written."""
    spec = sweep.runs[0].spec
    return write_html(
        directory / "map.html",
        "map.html.jinja",
        sweep=sweep,
        subject=spec.subject.name,
        seed=spec.seed,
        counted=_counted(sweep),
        hows=_hows(sweep),
        rows=_rows(sweep),
        legend=LEGEND,
        wrong=[tried for tried in sweep.tried if tried.witnesses],
    )


def _hows(sweep: Sweep) -> list[How]:
    return list(dict.fromkeys(tried.trial.how for tried in sweep.tried))


def _rows(sweep: Sweep) -> list[Row]:
    hows = _hows(sweep)
    found = {(tried.trial.step, tried.trial.how): tried for tried in sweep.tried}
    stages = set[Stage]()
    rows = []
    for step in sweep.steps:
        if any((step, how) in found for how in hows):
            cells = tuple(_cell(found.get((step, how))) for how in hows)
            named = f"{ARROWS[step.moment.side]} {_named(step)}"
            rows.append(Row("" if step.stage in stages else step.stage.value, named, cells))
            stages.add(step.stage)
    return rows


class TriedStep(BaseModel):
    """What became of a fault at a step: whether the step came up, what was seen, and witnesses at it, by anomaly."""

    name: str
    how: How
    step: str
    came_up: bool
    seen: str
    witnesses: Mapping[str, int]


class SweptRun(BaseModel):
    """A run of the sweep. `plan`: what repeats it, by `streamproof verify --faults PLAN`."""

    directory: str
    outcome: Outcome
    plan: str


class SweepDocument(BaseModel):
    """What `crash --json` prints. `missing`: why it is unproven. `steps`: of the subject's cycle.

    The first of the `runs` is that which showed the cycle.
    """

    outcome: Outcome
    subject: str
    version: str
    seed: int
    missing: tuple[str, ...]
    steps: tuple[str, ...]
    tried: tuple[TriedStep, ...]
    runs: tuple[SweptRun, ...]


def document_of(sweep: Sweep) -> SweepDocument:
    """A sweep as a document."""
    spec = sweep.runs[0].spec
    return SweepDocument(
        outcome=sweep.outcome,
        subject=spec.subject.name,
        version=__version__,
        seed=spec.seed,
        missing=sweep.missing,
        steps=tuple(step.name for step in sweep.steps),
        tried=tuple(
            TriedStep(
                name=tried.trial.name, how=tried.trial.how, step=tried.trial.step.name,
                came_up=tried.came_up, seen=tried.seen, witnesses=tried.witnesses,
            )
            for tried in sweep.tried
        ),
        runs=tuple(
            SweptRun(
                directory=str(run.spec.directory), outcome=run.verdict.outcome,
                plan=str(run.spec.directory / "plan.json"),
            )
            for run in sweep.runs
        ),
    )  # fmt: skip


def _named(step: Step) -> str:
    moment = step.moment
    return f"{moment.api} ({moment.about})" if moment.about else moment.api


def _cell(tried: Tried | None) -> Cell:
    if tried is None:
        return Cell()
    if tried.witnesses:
        found = ", ".join(f"{count:,} {anomaly}" for anomaly, count in tried.witnesses.items())
        return Cell("wrong", f"✘ {found}", tried.seen)
    return Cell("right", "✔", tried.seen) if tried.came_up else Cell("never", "–", tried.seen)


def _counted(sweep: Sweep) -> str:
    came = sum(tried.came_up for tried in sweep.tried)
    wrong = sum(bool(tried.witnesses) for tried in sweep.tried)
    broken = "none of them breaks the promise"
    if wrong:
        broken = f"{wrong:,} of them {'breaks' if wrong == 1 else 'break'} the promise"
    elif sweep.outcome is Outcome.VIOLATED:
        broken = "what broke the promise lies at none of them: see the runs"
    return f"{came:,} of {len(sweep.tried):,} moments came up, {broken}"

"""A sweep as a map of the subject's cycle: what became of each step, as a table and as a document."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel
from rich.table import Table

from streamproof import __version__
from streamproof.checks import Outcome
from streamproof.engine.sweep import Sweep, Tried
from streamproof.faults.cycle import Step
from streamproof.faults.moments import Stage
from streamproof.faults.sweep import How
from streamproof.history.terms import Side
from streamproof.report.text import COLOURS

ARROWS = {Side.REQUEST: "→", Side.RESPONSE: "←"}  # to a broker, and back
LEGEND = "→ before the request reaches its broker   ← once it is answered   ✔ nothing forbidden   – it never came up"


def map_of(sweep: Sweep) -> Table:
    """A row for each step that was tried, by stage, and a column for each kind of fault."""
    hows = list(dict.fromkeys(tried.trial.how for tried in sweep.tried))
    found = {(tried.trial.step, tried.trial.how): tried for tried in sweep.tried}
    colour = COLOURS[sweep.outcome]
    title = f"[bold {colour}]{sweep.outcome.upper()}[/]  {_counted(sweep.tried)}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, caption=LEGEND, caption_justify="left")
    table.add_column("stage")
    table.add_column("step")
    for how in hows:
        table.add_column(how)
    for stage, steps in _by_stage([step for step in sweep.steps if any((step, how) in found for how in hows)]):
        for number, step in enumerate(steps):
            cells = [_cell(found.get((step, how))) for how in hows]
            table.add_row("" if number else stage, f"{ARROWS[step.moment.side]} {_named(step)}", *cells)
    return table


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
    """What `crash --json` prints. `steps`: of the subject's cycle; the first of the `runs` is that which showed it."""

    outcome: Outcome
    subject: str
    version: str
    seed: int
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


def _by_stage(steps: Sequence[Step]) -> Iterator[tuple[Stage, list[Step]]]:
    for stage in Stage:
        if mine := [step for step in steps if step.stage is stage]:
            yield stage, mine


def _named(step: Step) -> str:
    moment = step.moment
    return f"{moment.api} ({moment.about})" if moment.about else moment.api


def _cell(tried: Tried | None) -> str:
    if tried is None:
        return ""
    if tried.witnesses:
        return f"[red]✘ {', '.join(f'{count:,} {anomaly}' for anomaly, count in tried.witnesses.items())}[/]"
    return "[green]✔[/]" if tried.came_up else "[yellow]–[/]"


def _counted(tried: Sequence[Tried]) -> str:
    came = sum(one.came_up for one in tried)
    wrong = sum(bool(one.witnesses) for one in tried)
    broken = f", {wrong:,} of them break the promise" if wrong else ", none of them breaks the promise"
    return f"{came:,} of {len(tried):,} moments came up{broken}"

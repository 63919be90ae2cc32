"""The seeds that are kept of violated runs, and what `verify` makes of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streamproof.checks import judge
from streamproof.engine.events import RunStarted, SeedTriedAgain, SessionEvent
from streamproof.engine.failing import FAILING, failing_seeds, note_outcome
from streamproof.engine.request import Request, prepare
from streamproof.errors import UsageError
from tests.calling import Call
from tests.checks.scenes import clean

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_seed_is_kept_until_a_run_with_it_is_upheld() -> None:
    """A run with another seed says nothing of it, nor does a run that proves nothing. Git sees nothing of it."""
    note_outcome("orders", 5, "upheld")
    assert not FAILING.parent.exists()
    note_outcome("orders", 7, "violated")
    note_outcome("bills", 8, "violated")
    note_outcome("orders", 7, "unproven")
    note_outcome("orders", 9, "upheld")
    assert failing_seeds() == {"orders": 7, "bills": 8}
    assert (FAILING.parent / ".gitignore").read_text() == "*\n"
    note_outcome("bills", 3, "violated")
    note_outcome("orders", 7, "upheld")
    assert failing_seeds() == {"bills": 3}


@pytest.mark.parametrize("text", ["{", "[]", '{"orders": "7"}'])
def test_a_file_that_holds_something_else_is_told(text: str) -> None:
    """And what to do."""
    FAILING.parent.mkdir()
    FAILING.write_text(text)
    with pytest.raises(UsageError, match=r"failing\.json .*; remove it"):
        failing_seeds()


@pytest.mark.parametrize(
    ("asked", "tried"),
    [
        ({}, 7),
        ({"subject": "orders"}, 7),
        ({"subject": "projector"}, None),
        ({"seed": 1}, None),
        ({"faults": "none"}, None),
    ],
)
def test_it_is_tried_first_where_neither_seed_nor_plan_is_asked_for(asked: dict[str, Any], tried: int | None) -> None:
    """`--faults default --seed N` has its meaning; a subject without a name is the first of the file."""
    request = Request(
        directory=Path("kept"), config=ROOT / "streamproof.toml", events=2, failing={"orders": 7}, **asked
    )
    prepared = prepare(request)
    assert (prepared.tried_again, prepared.spec.seed == 7) == (tried == 7, tried == 7)
    if tried:
        assert (prepared.spec.again or "").endswith("--seed 7"), "it is repeated whatever becomes of the file"


def test_verify_says_so_and_forgets_it_once_it_is_upheld(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a line under its title; a plan that was asked for by its name leaves no trace."""
    outcomes = iter(["violated", "upheld", "violated"])
    history = clean().write(tmp_path / "kept" / "history")
    verdict = judge(history)

    def run(request: Request, *listeners: Any) -> Iterator[Any]:
        prepared = prepare(request)
        told: list[SessionEvent] = [SeedTriedAgain(prepared.spec.seed)] if prepared.tried_again else []
        for event in [*told, RunStarted(prepared.spec)]:
            listeners[0](event)
        listeners[0]._line("cluster", "there", 0.0)
        spec = SimpleNamespace(subject=prepared.spec.subject, seed=prepared.spec.seed, directory=tmp_path / "kept")
        yield SimpleNamespace(
            verdict=verdict.model_copy(update={"outcome": next(outcomes)}), history=history, spec=spec
        )

    monkeypatch.setattr("streamproof.cli.verify.verify_each", run)
    arguments = ["verify", "--run", "true {run}", "--input-topic", "a", "--output-topic", "b", "--group", "g"]
    first = call(*arguments, "--events", "2")
    assert (first.status, "with which it was violated" in first.out) == (1, False), first.err
    (seed,) = json.loads(FAILING.read_text()).values()
    second = call(*arguments, "--events", "2")
    said = f"  seed      {seed}, with which it was violated last, until it is upheld; --seed N takes another\n"
    assert (second.status, said in second.out) == (0, True), second.err
    assert failing_seeds() == {}
    assert call(*arguments, "--events", "2", "--faults", "none").status == 1
    assert failing_seeds() == {}

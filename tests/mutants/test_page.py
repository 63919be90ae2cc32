"""The page of mutants: what can be known without a run is as the registry has it; what was seen is kept."""

from pathlib import Path

from mutants.judge import Judgement
from mutants.page import PAGE, page, seen_in, seen_of
from mutants.registry import MUTANTS
from streamproof.checks import load_checks


def test_the_page_is_up_to_date_but_for_what_was_seen() -> None:
    """docs/mutants.md is made by `python -m mutants --docs`: names, bugs, anomalies and faults are those of today."""
    text = PAGE.read_text()
    assert text == page(seen_in(text))


def test_what_was_seen_replaces_the_row_of_its_mutant_alone() -> None:
    """The others keep what their last run has shown."""
    before = page({"no-rewind": ("none", "4 of 4 lost"), "latest": ("none", "1 of 1 lost")})
    judged = Judgement(MUTANTS["latest"], "violated", {"lost": frozenset("ab")}, between=("kill", "stop"))
    after = seen_in(page({**seen_in(before), **seen_of([judged])}))
    assert after["latest"] == ("`kill`, `stop`", "2 of 2 lost")
    assert after["no-rewind"] == ("none", "4 of 4 lost")


def test_a_run_that_was_judged_wrongly_shows_nothing() -> None:
    """Nor does a run without an occasion to be wrong."""
    mutant = MUTANTS["latest"]
    wrong = Judgement(mutant, "upheld", {"lost": frozenset("ab")}, ("the verdict is upheld, not violated",))
    assert seen_of([wrong, Judgement(mutant, "upheld", {})]) == {}


# DESIGN.md says why, under "Not built": a record-gap is the recorder's own, and no pipeline's
WITHOUT = {"torn", "hanging-transaction", "archived", "redelivered", "record-gap"}


def test_each_anomaly_has_a_mutant_or_a_reason_why_it_has_none() -> None:
    """By which it is seen to be found, with exact witnesses."""
    shown = {anomaly for mutant in MUTANTS.values() for anomaly in mutant.anomalies}
    assert {check.name for check in load_checks()} - shown == WITHOUT
    not_built = Path("DESIGN.md").read_text().split("## Not built")[1].split("## Non-obvious")[0]
    assert all(word in not_built for word in ("tears a transaction", "leaves it open", "archived", "redelivered"))

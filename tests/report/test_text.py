"""A verdict in words: what data holds is data, and what is not judged is said."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from streamproof.checks import judge
from streamproof.report.fitted import print_fitted
from streamproof.report.text import explain
from tests.checks.histories import Scene
from tests.checks.scenes import clean


def test_brackets_in_data_are_words_of_it(tmp_path: Path) -> None:
    """An id or a directory may look like a style's mark: it is shown as it is, and breaks nothing."""
    scene = clean()
    for _ in range(10):
        scene.effect("[/b]a[red]")
    history = scene.write(tmp_path / "runs[/b]" / "history")
    history.record = history.record.model_copy(update={"again": "verify [/b]"})
    markup = explain(judge(history, threads=1), history, witnesses=Path("runs[/b]/witnesses"))
    text = Text.from_markup(markup).plain
    assert "(alpha) is of [/b]a[red], which is no input" in text
    assert "the effect at alpha[0]@" in text
    assert "… 9 more in runs[/b]/witnesses/phantom.parquet" in text
    assert "runs[/b]/history" in text
    assert "Again   verify [/b]" in text


def told(scene: Scene, directory: Path, **how: Any) -> list[str]:
    out = StringIO()
    console = Console(file=out, color_system=None, **how)
    print_fitted(explain(judge(scene.write(directory), threads=1), witnesses=directory / ("w" * 60)), console)
    return out.getvalue().splitlines()


def test_a_line_that_is_too_long_goes_on_under_where_its_words_began(tmp_path: Path) -> None:
    """On a terminal, but for a path, which must be copied whole; what is no terminal gets each line as it is."""
    scene = clean()
    scene.effects(["x059"] * 2)
    lines = told(scene, tmp_path / "wide", width=60)
    assert any(len(line) > 100 for line in lines)
    lines = told(scene, tmp_path / "narrow", width=60, force_terminal=True)
    assert [line for line in lines if len(line) > 60 and "w" * 60 not in line] == []
    owned = lines.index("      14:13:20.061  in[0] is owned by instance 1 (its 1st")
    assert lines[owned + 1] == "                    process), since 14:13:20.001"
    assert lines[lines.index("    Usual causes:") + 2].startswith("        ")


def test_the_first_witness_is_told_whole_and_the_others_are_counted(tmp_path: Path) -> None:
    """Its sentence, its moments, what was between, and what such a thing comes from."""
    scene = clean()
    scene.effects(["x058", "x059"], ["alpha"])
    text = "\n".join(told(scene, tmp_path))
    assert text.count("effects on alpha, where 1 may be") == 1
    assert "      14:13:20.434  effect at alpha[0]@73\n      No fault was between.\n    Usual causes:\n      - " in text
    assert "    … 1 more in " in text


def test_what_a_run_took_is_told_with_what_its_faults_took(tmp_path: Path) -> None:
    """From the effect to the recovery, or to the end where none was seen; a fault without effect took nothing."""
    scene = clean()
    scene.fault("broker:1", lasts_ms=2_500)
    scene.fault("broker:2")
    scene.alter("fault", lambda row: row["target"] == "instance:1", t_recovered=scene.now)
    scene.alter("fault", lambda row: row["target"] == "broker:2", t_effect=None)
    history = scene.write(tmp_path)
    whole = (history.record.ended_at - history.record.started_at) / 1e6
    (first, *_) = scene.rows["fault"]
    recovered = (first["t_recovered"] - first["t_effect"]) / 1e6
    faults = f"kill instance:1 {recovered:.1f} s, kill broker:1 2.5 s"
    sentence = f"Took: {whole:.1f} s; from each fault's effect until the group had recovered: {faults}.\n"
    assert sentence in explain(judge(history, threads=1), history)
    assert f"Took: {whole:.1f} s.\n" in explain(judge(history, threads=1), scene.drop("fault").write(tmp_path / "none"))


def test_a_plan_that_did_not_work_says_what_the_verdict_rests_on(tmp_path: Path) -> None:
    """Each fault without effect with what was seen of it, and of each anomaly what was broken after all."""
    scene = clean()
    scene.fault(effective=False)
    scene.rows["fault"][-1]["evidence"] = "instance 2 killed, but its group kept it"
    history = scene.write(tmp_path)
    told = Text.from_markup(explain(judge(history, threads=1), history)).plain
    assert "Without effect: 1 fault of the plan: instance 2 killed, but its group kept it." in told
    assert "Rests on: lost on 1 faults that took effect while inputs were in flight; duplicated on 1 " in told
    assert "torn on 1 transactions over several partitions, interrupted" in told
    assert "Rests on" not in explain(judge(clean().write(tmp_path / "whole"), threads=1))


def test_what_ended_by_itself_is_told_apart_from_what_was_killed(tmp_path: Path) -> None:
    """How often each instance did, the first time with its status; and where its log is."""
    scene = clean()
    scene.process_ends("exited")
    scene.process_ends("exited")
    scene.process_ends("killed")
    scene.alter("process", lambda row: row["cause"] == "exited", exit=3)
    history = scene.write(tmp_path / "history")
    text = explain(judge(history, threads=1), history)
    assert re.search(
        r"Ended by itself: instance 1 \(2×, first at [\d:.]+ with status 3\); its log lies in \S+logs\.", text
    )
    assert "Ended by itself" not in explain(judge(clean().write(tmp_path / "killed"), threads=1), history=None)

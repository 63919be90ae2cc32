"""Random clean histories raise nothing; with one thing gone wrong, they raise that, there, and nothing else."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproof.history.promise import Part
from tests.checks.histories import CHANNELS, DEAD, Row, Scene
from tests.checks.scenes import witnesses

PARTITIONS = 2
quickly = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
thoroughly = settings(quickly, max_examples=25)


@dataclass(frozen=True)
class Input:
    """One input to come; occurrences above 1 are retried sends."""

    name: str
    part: int
    key: str | None
    fate: str
    occurrences: int = 1


@dataclass
class Run:
    """A scene, and what of it may be spoilt: inputs of fate `process` that are there once and were committed."""

    scene: Scene
    plain: list[str] = field(default_factory=list)


@st.composite
def inputs(draw: st.DrawFn) -> list[Input]:
    fates = st.sampled_from(["process"] * 6 + ["poison", "filter", "abort"])
    keys = st.sampled_from(["k", "l", "m", None])
    count = draw(st.integers(4, 14))
    return [
        Input(
            f"i{number:02}",
            draw(st.integers(0, PARTITIONS - 1)),
            draw(keys),
            draw(fates) if number > 1 else "process",
            draw(st.sampled_from([1, 1, 1, 2])) if number > 1 else 1,
        )
        for number in range(count)
    ]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A subject that keeps its promise, by transactions or by committing after its effects, crashing as it likes."""
    transactional = draw(st.booleans())
    scene = Scene("exactly-once")
    scene.rebalance()
    logs: dict[int, list[Input]] = {part: [] for part in range(PARTITIONS)}
    for sent in draw(inputs()):
        for _ in range(sent.occurrences):
            if sent.fate == "abort":
                scene.aborted_input(sent.name, sent.part)
            else:
                scene.input(sent.name, key=sent.key, part=sent.part, fate=sent.fate)
                logs[sent.part].append(sent)
    epoch = 0
    offsets = {
        part: [row["off"] for row in scene.rows["input"] if row["part"] == part and row["visible"]] for part in logs
    }
    for part, log in logs.items():
        at = 0
        while at < len(log):
            size = draw(st.integers(1, 5))
            batch, off = log[at : at + size], offsets[part][min(at + size, len(log)) - 1] + 1
            if transactional:
                for _ in range(draw(st.integers(0, 1))):
                    crashed = scene.transaction(epoch=epoch)
                    _write(crashed.effect, batch[: draw(st.integers(0, len(batch)))], part)
                    fenced = draw(st.booleans())
                    if fenced:
                        scene.process_ends()
                        scene.rebalance()
                        epoch += 1
                    crashed.abort(fenced=fenced)
                transaction = scene.transaction(epoch=epoch)
                if draw(st.booleans()):
                    transaction.offsets(off, part)
                    _write(transaction.effect, batch, part)
                else:
                    _write(transaction.effect, batch, part)
                    transaction.offsets(off, part)
                transaction.commit()
            else:
                _write(lambda name, channel, to: scene.effect(name, channel, part=to), batch, part)
                scene.commit(off, part=part)
            at += size
    return Run(
        scene, [due.name for log in logs.values() for due in log if due.fate == "process" and due.occurrences == 1]
    )


def _write(write: Callable[[str, str, int], object], batch: list[Input], part: int) -> None:
    """The effects of a batch, in its order: both channels, or a dead letter, or nothing."""
    for due in batch:
        for channel in {"process": CHANNELS, "poison": (DEAD,)}.get(due.fate, ()):
            write(due.name, channel, part)


def found(scene: Scene) -> dict[str, set[str | None]]:
    """Each anomaly with witnesses, and the ids of those."""
    with tempfile.TemporaryDirectory() as directory:
        return {anomaly: {name for (name,) in rows} for anomaly, rows in witnesses(scene, Path(directory)).items()}


@thoroughly
@given(runs())
def test_clean_histories_raise_nothing(run: Run) -> None:
    """Whatever crashed, was aborted, retried, filtered or dead-lettered."""
    assert found(run.scene) == {}


@quickly
@given(runs(), st.data())
def test_one_missing_effect_is_lost(run: Run, data: st.DataObject) -> None:
    """The input that misses it, on that channel, and nothing else."""
    name, channel = data.draw(st.sampled_from(run.plain)), data.draw(st.sampled_from(CHANNELS))
    run.scene.drop("effect", lambda row: row["source_id"] == name and row["channel"] == channel)
    assert found(run.scene) == {"lost": {name}}


@quickly
@given(runs(), st.data())
def test_one_effect_more_is_duplicated(run: Run, data: st.DataObject) -> None:
    """Wherever in the log it comes again."""
    name, channel = data.draw(st.sampled_from(run.plain)), data.draw(st.sampled_from(CHANNELS))
    run.scene.effect(name, channel, part=data.draw(st.integers(0, PARTITIONS - 1)))
    assert found(run.scene) == {"duplicated": {name}}


@quickly
@given(runs(), st.data())
def test_letters_that_come_and_go_are_unaccounted_or_both(run: Run, data: st.DataObject) -> None:
    """As a loop over inputs tells it: poison without a letter, and a letter beside an effect."""
    scene, wrong = run.scene, {"unaccounted": set[str | None](), "both": set[str | None]()}
    for part, name in enumerate(data.draw(st.lists(st.sampled_from(run.plain), max_size=2, unique=True)), 9):
        scene.effect(name, DEAD, part=part)  # each in a partition of its own, so that no order is disturbed
        wrong["both"].add(name)
    poison = sorted({row["id"] for row in scene.rows["input"] if row["fate"] == "poison"})
    wrong["unaccounted"] |= set(data.draw(st.lists(st.sampled_from(poison), max_size=2)) if poison else ())
    scene.drop("effect", lambda row: row["source_id"] in wrong["unaccounted"])
    assert found(scene) == {anomaly: names for anomaly, names in wrong.items() if names}


@quickly
@given(runs(), st.data())
def test_letters_are_held_to_what_the_contract_says_of_them(run: Run, data: st.DataObject) -> None:
    """As a loop over letters tells it: they keep their input, say why they are there, and how often it was tried."""
    said = {"keeps": tuple(Part), "reasons": ("why",), "attempts": "tries", "max_attempts": 2}
    run.scene.promise = run.scene.promise.model_copy(update=said)
    texts = st.sampled_from(["why=x", "why=", "tries=2", "tries=3", "own=1", "own=2"])
    sources: dict[str, list[Row]] = {}
    for row in run.scene.rows["input"]:
        row |= {"value_hash": data.draw(st.sampled_from("ab")), "headers": ["own=1"]}
        sources.setdefault(row["id"], []).append(row)
    wrong: dict[str, set[str | None]] = {"altered": set(), "unexplained": set(), "overtried": set()}
    for row in run.scene.rows["effect"]:
        if row["channel"] == DEAD:
            row |= {"key": data.draw(st.sampled_from(["k", None])), "value_hash": data.draw(st.sampled_from("ab"))}
            row["headers"] = data.draw(st.lists(texts, max_size=4))
            if row["visible"]:
                same = [
                    source["key"] == row["key"] and source["value_hash"] == row["value_hash"]
                    for source in sources[row["source_id"]]
                ]
                wrong["altered"] |= set() if any(same) and "own=1" in row["headers"] else {row["source_id"]}
                wrong["unexplained"] |= set() if "why=x" in row["headers"] else {row["source_id"]}
                wrong["overtried"] |= {row["source_id"]} if "tries=3" in row["headers"] else set()
    assert found(run.scene) == {anomaly: names for anomaly, names in wrong.items() if names}


@quickly
@given(runs())
def test_an_effect_of_nothing_is_a_phantom(run: Run) -> None:
    """And only that."""
    run.scene.effect("nobody", "alpha")
    assert found(run.scene) == {"phantom": {"nobody"}}


@quickly
@given(runs(), st.data())
def test_an_input_more_is_late(run: Run, data: st.DataObject) -> None:
    """With its effects or without."""
    run.scene.input("more", part=data.draw(st.integers(0, PARTITIONS - 1)), key="other")
    if data.draw(st.booleans()):
        run.scene.effects(["more"])
    assert found(run.scene) == {"late": {"more"}}


@quickly
@given(runs(), st.data())
def test_one_step_back_is_a_regression(run: Run, data: st.DataObject) -> None:
    """A commit of an offset below the last."""
    commits = [row for row in run.scene.rows["offset_commit"] if row["visible"]]
    part = data.draw(st.sampled_from(commits))["part"]
    last = max(row["off"] for row in commits if row["part"] == part)
    run.scene.commit(last - 1, part=part)
    run.scene.commit(last, part=part)
    assert found(run.scene) == {"commit-regression": {None}}


@quickly
@given(runs())
def test_an_open_transaction_hangs(run: Run) -> None:
    """Opened at the end, never decided."""
    run.scene.transaction(pid=8).effect(run.plain[0])
    assert found(run.scene) == {"hanging-transaction": {None}}


@quickly
@given(runs(), st.data())
def test_one_late_effect_makes_its_commit_ahead(run: Run, data: st.DataObject) -> None:
    """The same records, but one effect was appended, and decided, after everything else."""
    name, channel = data.draw(st.sampled_from(run.plain)), data.draw(st.sampled_from(CHANNELS))
    run.scene.drop("effect", lambda row: row["source_id"] == name and row["channel"] == channel)
    run.scene.effect(name, channel, part=9)  # a partition of its own, so that no order is disturbed
    assert found(run.scene) == {"commit-ahead": {name}}


@quickly
@given(runs(), st.data())
def test_two_of_one_key_the_other_way_round_are_reordered(run: Run, data: st.DataObject) -> None:
    """Adjacent effects of one key that change places: the earlier input was overtaken."""
    scene = run.scene
    for name in ("p", "q"):
        scene.input(name, key="pair", part=0)
    swapped = data.draw(st.booleans())
    scene.effects(["q", "p"] if swapped else ["p", "q"])
    scene.commit(max(row["off"] for row in scene.rows["input"] if row["part"] == 0) + 1)
    assert found(scene) == ({"reordered": {"p"}} if swapped else {})


@quickly
@given(runs(), st.data())
def test_an_effect_hidden_beside_its_sibling_is_torn(run: Run, data: st.DataObject) -> None:
    """Written by the same transaction, and aborted on one channel."""
    scene = run.scene
    off = scene.input("whole", key=None, part=1)
    scene.transaction(pid=8).effects(["whole"], part=1).offsets(off + 1, part=1).commit()
    channel = data.draw(st.sampled_from(CHANNELS))
    scene.alter("effect", lambda row: row["source_id"] == "whole" and row["channel"] == channel, visible=False)
    assert found(scene) == {"torn": {"whole"}}


@quickly
@given(runs(), st.data())
def test_fields_that_hold_something_else_are_found_one_by_one(run: Run, data: st.DataObject) -> None:
    """Whatever two effects hold, be it right, wrong, missing or nobody's to say: as a loop over rows tells it."""
    words = st.sampled_from([None, "key=k", "key=l", "amount=1", "amount=2"])
    echoes = st.lists(words, min_size=2, max_size=2)
    effects = run.scene.fill().rows["effect"]
    for row in run.scene.rows["expected"]:
        row["echo"] = data.draw(st.none() | echoes) if row["channel"] in CHANNELS else None
    told = {(row["id"], row["channel"]): row["echo"] for row in run.scene.rows["expected"]}
    for row in effects:
        row["echo"] = told[row["source_id"], row["channel"]] or [None, None]
    for row in data.draw(st.lists(st.sampled_from(effects), max_size=2)):
        row |= {"echo": data.draw(echoes), "home": data.draw(st.sampled_from([None, row["part"], 5]))}
    due = {(row["id"], row["channel"]): row["echo"] for row in run.scene.rows["expected"]}
    wrong: dict[str, set[str | None]] = {"corrupted": set(), "misrouted": set()}
    for row in run.scene.rows["effect"]:
        if row["visible"]:
            pairs = zip(due[row["source_id"], row["channel"]] or (), row["echo"], strict=False)
            for should, does in pairs:
                if should is not None and should != does:
                    wrong["misrouted" if should.startswith("key=") else "corrupted"].add(row["source_id"])
            if row["home"] not in {None, row["part"]}:
                wrong["misrouted"].add(row["source_id"])
    assert found(run.scene) == {anomaly: names for anomaly, names in wrong.items() if names}


@quickly
@given(runs())
def test_an_effect_of_an_aborted_input_is_an_aborted_read(run: Run) -> None:
    """And not a duplicate or a phantom."""
    run.scene.aborted_input("never")
    run.scene.effect("never", "beta")
    assert found(run.scene) == {"aborted-read": {"never"}}

"""Each anomaly on hand-written histories: one that shows it, with its exact witnesses, and those that nearly do."""

from pathlib import Path
from typing import Any

import pytest

from streamproof.checks import Status, judge
from streamproof.history.promise import Delivery
from tests.checks.histories import OFFSETS, START, STEP, Scene, clean, clean_plain


def witnesses(scene: Scene, directory: Path, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
    """All anomalies with witnesses, each with these columns of them (the input, by default)."""
    verdict = judge(scene.write(directory), threads=1)
    return {
        one.anomaly: [tuple(row.get(name) for name in columns or ("id",)) for row in one.sample]
        for one in verdict.findings
        if one.witnesses
    }


def small(promise: str = "exactly-once", *inputs: str) -> Scene:
    """Some inputs of one key in partition 0, and nothing else so far."""
    scene = Scene(promise)
    scene.inputs(inputs)
    return scene


# lost


def effect_never_written() -> Scene:
    scene = small("exactly-once", "a", "b", "c")
    scene.effects("abc", channels=["alpha"])
    scene.effects("ac", channels=["beta"])
    scene.commit(3)
    return scene


def test_lost_names_the_channel_that_misses_an_effect(tmp_path: Path) -> None:
    """An input committed past with an effect on one of two channels is lost on the other, and nothing else."""
    assert witnesses(effect_never_written(), tmp_path, "id", "channel", "off", "committed", "seen") == {
        "lost": [("b", "beta", 1, 3, 0)]
    }


def test_lost_after_an_abort_without_a_rewind(tmp_path: Path) -> None:
    """Effects that were written and aborted on every channel, and passed over, are lost; they are not torn."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["b"]).offsets(2).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("a", "alpha"), ("a", "beta")]}


def test_an_aborted_commit_is_no_commit(tmp_path: Path) -> None:
    """What only an aborted transaction committed past is late, not lost."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).abort()
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_lost_waits_for_every_occurrence(tmp_path: Path) -> None:
    """An id that is in the log twice, once behind the commit, may still get its second effect: late, not lost."""
    scene = small("exactly-once", "a", "b", "a")
    scene.effects(["a", "b"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "off") == {"late": [("a", 2)]}


def test_lost_counts_every_occurrence(tmp_path: Path) -> None:
    """An id that is in the log twice, committed past twice, with one effect, is lost."""
    scene = small("exactly-once", "a", "a")
    scene.effects(["a"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "at_least", "seen") == {
        "lost": [("a", "alpha", 2, 1), ("a", "beta", 2, 1)]
    }


def test_the_commit_counts_in_its_own_partition(tmp_path: Path) -> None:
    """A commit in one partition says nothing of another."""
    scene = Scene()
    scene.input("a", part=0)
    scene.input("b", part=1)
    scene.effects(["a", "b"])
    scene.commit(5, part=1)
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_another_groups_commit_does_not_count(tmp_path: Path) -> None:
    """Commits of another group on the same topic are not the subject's."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1, grp="others")
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_a_deleted_commit_takes_nothing_back(tmp_path: Path) -> None:
    """When the group's commits are deleted at its end, what was committed past stays committed past."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.commit(None)
    assert witnesses(scene, tmp_path) == {}


# late


def test_late_is_what_nobody_committed_past(tmp_path: Path) -> None:
    """Inputs at or beyond the last commit are late, with effects or without."""
    scene = small("exactly-once", "a", "b", "c")
    scene.effects(["a", "b"])
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "off", "committed") == {"late": [("b", 1, 1), ("c", 2, 1)]}


def test_a_subject_that_never_commits_is_late_with_everything(tmp_path: Path) -> None:
    """Having every effect does not make up for never committing."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    assert witnesses(scene, tmp_path, "id", "committed") == {"late": [("a", None)]}


def test_nothing_is_late_behind_aborted_inputs(tmp_path: Path) -> None:
    """Aborted inputs and markers after the last visible input need no commit."""
    scene = small("exactly-once", "a")
    scene.aborted_input("never")
    scene.effects(["a"])
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {}


# duplicated


def test_duplicated_names_source_channel_and_number(tmp_path: Path) -> None:
    """Two effects of one source on a channel are one witness; what is done twice is not reordered too."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a", "b"])
    scene.effect("a", "beta")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "at_most", "seen") == {"duplicated": [("a", "beta", 1, 2)]}


def test_a_dead_letter_twice_is_duplicated(tmp_path: Path) -> None:
    """A dead letter is an effect."""
    scene = Scene()
    scene.input("bad", fate="poison")
    scene.effects(["bad", "bad"], channels=["dead"])
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel") == {"duplicated": [("bad", "dead")]}


def test_an_effect_of_what_should_have_none_is_duplicated(tmp_path: Path) -> None:
    """An input to be filtered out may have no effect at all."""
    scene = Scene()
    scene.input("drop", fate="filter")
    scene.effect("drop", "alpha")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "at_most", "seen") == {"duplicated": [("drop", 0, 1)]}


def test_aborted_attempts_are_no_duplicates(tmp_path: Path) -> None:
    """An effect aborted twice and committed once is there once."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_an_id_twice_in_the_log_may_have_two_effects(tmp_path: Path) -> None:
    """A send that was retried after an unknown outcome is two inputs."""
    scene = small("exactly-once", "a", "a")
    scene.effects(["a", "a"])
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


# phantom


def test_phantoms_have_no_input_or_name_none(tmp_path: Path) -> None:
    """Effects of a source that nobody sent, and of no source, are phantoms."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.effect("nobody", "alpha")
    scene.effect(None, "beta")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel", "off") == {
        "phantom": [("nobody", "alpha", 1), (None, "beta", 1)]
    }


def test_a_hidden_phantom_is_none(tmp_path: Path) -> None:
    """What was aborted did not happen."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction().effects(["nobody"]).abort()
    scene.effect(None, "alpha", visible=False)
    assert witnesses(scene, tmp_path) == {}


# reordered


def test_reordered_names_each_input_that_was_overtaken(tmp_path: Path) -> None:
    """1 2 5 3 4: both 3 and 4 were overtaken, by 5, on that channel alone."""
    scene = small("exactly-once", *"abcde")
    scene.effects("abecd", channels=["alpha"])
    scene.effects("abcde", channels=["beta"])
    scene.commit(5)
    assert witnesses(scene, tmp_path, "id", "channel", "overtaken_by") == {
        "reordered": [("c", "alpha", 4), ("d", "alpha", 4)]
    }


def test_each_key_has_its_own_witnesses(tmp_path: Path) -> None:
    """Two keys out of order on one partition are two witnesses, each of its own key."""
    scene = Scene()
    for name, key in (("a", "k"), ("b", "k"), ("c", "l"), ("d", "l")):
        scene.input(name, key=key)
    scene.effects("badc", channels=["alpha"])
    scene.effects("abcd", channels=["beta"])
    scene.commit(4)
    assert witnesses(scene, tmp_path, "id", "overtaken_by") == {"reordered": [("a", 1), ("c", 3)]}


def test_order_is_a_keys_own(tmp_path: Path) -> None:
    """Inputs of different keys, of none, or of different partitions may overtake each other."""
    scene = Scene()
    for name, key, part in (("a", "k", 0), ("b", "l", 0), ("c", None, 0), ("d", None, 0), ("e", "k", 1)):
        scene.input(name, key=key, part=part)
    scene.effects("edcba")
    scene.commit(4, part=0)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {}


def test_the_keys_of_effects_are_the_pipelines_own(tmp_path: Path) -> None:
    """Order is promised by the inputs' keys: effects under other keys keep it, in a transaction or not."""
    scene = small("exactly-once", *"abcd")
    for name in "ba":
        scene.effect(name, key=name)
    with_commit = scene.transaction()
    for name in "dc":
        with_commit.effect(name, key=name)
    scene.effects("abcd", channels=["beta"])
    with_commit.offsets(4).commit()
    assert {row["key"] for row in scene.rows["effect"] if row["channel"] == "alpha"} == set("abcd")
    assert witnesses(scene, tmp_path, "id", "overtaken_by")["reordered"] == [("a", 1), ("c", 3)]


def test_a_second_time_is_not_an_order(tmp_path: Path) -> None:
    """A b c a b c is a replay: duplicated, not reordered."""
    scene = small("exactly-once", *"abc")
    scene.effects("abcabc", channels=["alpha"])
    scene.effects("abc", channels=["beta"])
    scene.commit(3)
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_different_partitions_of_a_channel_have_no_order(tmp_path: Path) -> None:
    """An effect on another partition overtakes nothing."""
    scene = small("exactly-once", *"ab")
    scene.effects("b", part=1)
    scene.effects("a", part=0)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_an_effect_in_two_partitions_has_no_place_in_an_order(tmp_path: Path) -> None:
    """An effect came first on partition 1, and again on partition 0, after a: it is compared with nothing."""
    scene = small("exactly-once", *"cab")
    scene.effects("b", part=1)
    scene.effects("cab", part=0)
    scene.commit(3)
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_an_input_in_two_partitions_has_no_place_in_an_order(tmp_path: Path) -> None:
    """The id is in partition 0 after another, and first in partition 1: which effect is whose cannot be told."""
    scene = small("exactly-once", *"cab")
    scene.input("b", part=1)
    scene.effects("cabb")
    scene.commit(3)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {}


def test_dead_letters_have_an_order_too(tmp_path: Path) -> None:
    """Two dead letters of one key keep their order."""
    scene = Scene()
    scene.inputs("ab", fate="poison")
    scene.effects("ba", channels=["dead"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel") == {"reordered": [("a", "dead")]}


# aborted-read


def test_an_effect_of_an_aborted_input_is_an_aborted_read(tmp_path: Path) -> None:
    """It is that alone: not a phantom, and not a duplicate, though nothing may come of it."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    scene.effects(["a"])
    scene.effect("never", "alpha")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel", "off") == {"aborted-read": [("never", "alpha", off)]}


def test_an_aborted_record_that_a_reader_saw(tmp_path: Path) -> None:
    """A read_committed reader at an offset inside an aborted batch; one of read_uncommitted may see it."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction().effects(["a"], channels=["alpha"]).abort()
    scene.read("alpha", 0, 0)
    scene.read("alpha", 0, 1)
    scene.read("alpha", 0, 1, isolation="read_uncommitted", reader="other")
    assert witnesses(scene, tmp_path, "topic", "part", "off", "reader") == {"aborted-read": [("alpha", 0, 1, "final")]}


def test_an_aborted_record_known_by_its_fate_alone(tmp_path: Path) -> None:
    """A broker that does not isolate leaves no marker: the fate in the record tells."""
    scene = small("exactly-once", "a")
    scene.input("never", fate="abort")
    scene.effects(["a"])
    scene.commit(2)
    scene.read("in", 0, 0)
    scene.read("in", 0, 1)
    scene.read("in", 0, 1, isolation="read_uncommitted", reader="other")
    assert witnesses(scene, tmp_path, "id", "off", "found") == {"aborted-read": [("never", 1, "meant to be aborted")]}


def test_an_aborted_record_known_by_both_is_one_witness(tmp_path: Path) -> None:
    """The marker tells first; the fate is not counted on top."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    scene.effects(["a"])
    scene.commit(1)
    scene.read("in", 0, off)
    assert witnesses(scene, tmp_path, "off", "found") == {"aborted-read": [(off, "in an aborted batch")]}


@pytest.mark.parametrize(("off", "seen"), [(989, False), (990, True), (1000, True), (1001, False), (2100, True)])
def test_an_aborted_batch_is_known_at_each_of_its_offsets(tmp_path: Path, off: int, seen: bool) -> None:
    """From its first to its last, wherever thousands end."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    for base, last in ((990, 1000), (1500, 3500)):
        mark = {"topic": "alpha", "part": 0, "pid": 5, "epoch": 0, "transactional": True, "t_append": scene.wait()}
        scene.rows["batch"] += [
            mark | {"base_off": base, "last_off": last, "control": "none"},
            mark | {"base_off": last + 1, "last_off": last + 1, "control": "abort"},
        ]
    scene.read("alpha", 0, off)
    assert witnesses(scene, tmp_path, "off") == ({"aborted-read": [(off,)]} if seen else {})


def test_a_fate_tells_beside_other_aborted_batches(tmp_path: Path) -> None:
    """That the log marks one record as aborted takes nothing from another that it does not mark."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    late = scene.input("never2", fate="abort")
    scene.effects(["a"])
    scene.commit(late + 1)
    scene.read("in", 0, off)
    scene.read("in", 0, late)
    assert witnesses(scene, tmp_path, "off") == {"aborted-read": [(off,), (late,)]}


def test_a_committed_batch_after_an_aborted_one_may_be_read(tmp_path: Path) -> None:
    """What became of a batch is told by the next marker of its producer, with the epoch raised or not."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort(fenced=True)
    scene.transaction(epoch=1).effects(["a"]).offsets(1).commit()
    scene.read("alpha", 0, 2)
    assert witnesses(scene, tmp_path) == {}


# torn


def torn_effect() -> Scene:
    scene = small("exactly-once", "a", "b")
    transaction = scene.transaction().effects(["a", "b"]).offsets(2)
    transaction.commit()
    scene.alter("effect", lambda row: row["source_id"] == "b" and row["channel"] == "beta", visible=False)
    return scene


def test_an_effect_aborted_beside_its_visible_sibling_is_torn(tmp_path: Path) -> None:
    """Written on both channels by one producer, visible on one: torn, and not lost as well."""
    assert witnesses(torn_effect(), tmp_path, "id", "channel", "pid") == {"torn": [("b", "beta", 7)]}


@pytest.mark.parametrize("joined", [(), ("alpha",), ("beta",)])
def test_what_is_not_joined_is_lost_not_torn(tmp_path: Path, joined: tuple[str, ...]) -> None:
    """Channels that no transaction should join can only lose their effects."""
    scene = torn_effect()
    scene.promise = scene.promise.model_copy(update={"joined": joined})
    assert list(witnesses(scene, tmp_path)) == ["lost"]


def test_where_torn_is_allowed_it_is_lost(tmp_path: Path) -> None:
    """At-least-once under read_uncommitted allows torn and forbids lost: a missing effect must not slip between."""
    scene = torn_effect()
    update = {"isolation": "read_uncommitted", "delivery": Delivery.AT_LEAST_ONCE}
    scene.promise = scene.promise.model_copy(update=update)
    assert list(witnesses(scene, tmp_path)) == ["lost"]


def test_without_the_coordinators_word_it_is_lost(tmp_path: Path) -> None:
    """Where torn cannot be judged, the missing effect does not slip away: it is lost."""
    assert witnesses(torn_effect().absent("txn"), tmp_path, "id", "channel") == {"lost": [("b", "beta")]}


def test_an_effect_aborted_first_and_visible_later_is_not_torn(tmp_path: Path) -> None:
    """A transaction that was aborted as a whole and done again by the same producer is whole."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_a_marker_against_its_coordinators_decision_is_torn(tmp_path: Path) -> None:
    """Committed by its coordinator, aborted on one partition: the marker is the witness, whatever was in it."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction().effects(["b"]).offsets(2).commit()
    last = max(row["base_off"] for row in scene.rows["batch"] if row["topic"] == "beta")
    scene.alter("batch", lambda row: row["topic"] == "beta" and row["base_off"] == last, control="abort")
    assert witnesses(scene, tmp_path, "topic", "part", "off", "decided") == {
        "torn": [("beta", 0, last, "PrepareCommit")]
    }


def test_markers_written_again_are_harmless(tmp_path: Path) -> None:
    """A coordinator that took over writes its decision's markers again."""
    scene = small("exactly-once", "a", "b")
    transaction = scene.transaction().effects(["a"]).offsets(1)
    transaction.abort()
    scene.rows["txn"].pop()  # not completed yet
    scene.append("alpha", 0, pid=7, epoch=0, transactional=True, control="abort")
    transaction.state("CompleteAbort")
    scene.transaction().effects(["a", "b"]).offsets(2).commit()
    assert witnesses(scene, tmp_path) == {}


def test_brokers_clocks_may_differ_a_little(tmp_path: Path) -> None:
    """A marker stamped shortly before its own decision still belongs to it, not to the transaction before."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort()
    scene.wait(20)
    transaction = scene.transaction().effects(["a"]).offsets(1)
    scene.wait(20)
    transaction.commit()
    scene.alter("batch", lambda row: row["control"] == "commit", t_append=scene.rows["txn"][-2]["t_append"] - 5 * STEP)
    assert witnesses(scene, tmp_path) == {}


def test_an_abort_of_nothing_tears_nothing(tmp_path: Path) -> None:
    """Since KIP-890 a coordinator writes down aborts of transactions that had no partition, right after a commit."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction().abort()
    assert witnesses(scene, tmp_path) == {}


def test_others_transactions_are_not_judged(tmp_path: Path) -> None:
    """The workload's own transactions, open or torn, say nothing of the subject."""
    scene = small("exactly-once", "a")
    scene.aborted_input("never")
    scene.effects(["a"])
    scene.commit(1)
    scene.alter("batch", lambda row: row["control"] == "abort", control="commit")
    scene.drop("txn", lambda row: row["state"].startswith("Complete"))
    assert witnesses(scene, tmp_path) == {}


# commit-ahead


def test_a_commit_before_the_first_effect_is_ahead(tmp_path: Path) -> None:
    """B was committed past before its effect on beta; its effect on alpha was there by then."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a"])
    scene.effect("b", "alpha")
    scene.commit(2)
    committed = scene.now
    scene.effect("b", "beta")
    assert witnesses(scene, tmp_path, "id", "channel", "commit_off", "committed_at", "appeared_at") == {
        "commit-ahead": [("b", "beta", 2, committed, committed + STEP)]
    }


def test_what_need_not_appear_cannot_be_ahead(tmp_path: Path) -> None:
    """Its subject died before it said whether it did it: the effect may be there, late or never."""
    scene = small("exactly-once", "a")
    scene.rows["expected"] = [
        {"id": "a", "grp": scene.promise.grp, "channel": channel, "at_least": 0, "at_most": 1}
        for channel in ("alpha", "beta")
    ]
    scene.commit(1)
    scene.effects(["a"])
    assert witnesses(scene, tmp_path) == {}
    scene.alter("expected", lambda row: row["channel"] == "beta", at_least=1)
    assert witnesses(scene, tmp_path / "due", "id", "channel") == {"commit-ahead": [("a", "beta")]}


def test_the_same_time_is_not_ahead(tmp_path: Path) -> None:
    """Brokers stamp milliseconds: what is equal has no order; nor has what lies within the clocks' error."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.effects(["a"])
    scene.alter("effect", lambda _: True, t_append=scene.rows["offset_commit"][0]["t_append"])
    assert witnesses(scene, tmp_path) == {}


def test_within_the_clocks_error_nothing_is_ahead(tmp_path: Path) -> None:
    """Brokers on several machines have clocks of their own."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.effects(["a"])
    scene.clock_error_us = 2 * STEP
    assert witnesses(scene, tmp_path) == {}


def test_one_transaction_is_never_ahead_of_itself(tmp_path: Path) -> None:
    """Offsets sent before the records of the same transaction take effect with them."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).effects(["a"]).commit()
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize(("pid", "epoch"), [(8, 0), (7, 1)])
def test_a_second_effect_of_another_producer_is_not_the_first(tmp_path: Path, pid: int, epoch: int) -> None:
    """Who wrote the first effect, and when, decides: what came again later is duplicated only."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction(pid, epoch).effects(["a"]).commit()
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_a_commit_in_the_transaction_before_is_ahead(tmp_path: Path) -> None:
    """The same producer and epoch, but the offsets went with an earlier transaction than the effects."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).commit()
    scene.transaction().effects(["a"]).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha"), ("a", "beta")]}


def test_an_effect_counts_from_its_transactions_marker(tmp_path: Path) -> None:
    """The consumer commits while the effects are written but not decided: a crash would lose them."""
    scene = small("exactly-once", "a")
    transaction = scene.transaction().effects(["a"])
    scene.commit(1)
    transaction.commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha"), ("a", "beta")]}


def test_an_effect_written_after_the_commit_is_one_witness(tmp_path: Path) -> None:
    """Behind by its record's time and by its marker's: the marker's is given, once."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.transaction().effects(["a"], channels=["alpha"]).commit()
    scene.effect("a", "beta", t_append=scene.rows["offset_commit"][0]["t_append"])
    marker = next(row["t_append"] for row in scene.rows["batch"] if row["control"] == "commit")
    assert witnesses(scene, tmp_path, "channel", "appeared_at") == {"commit-ahead": [("alpha", marker)]}


def test_a_commit_after_the_transaction_is_in_time(tmp_path: Path) -> None:
    """The consumer commits once the effects' transaction is decided: duplicates may come of it, no loss."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).commit()
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {}


def test_an_aborted_commit_is_not_ahead(tmp_path: Path) -> None:
    """Offsets of a transaction that was aborted were never committed."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_an_aborted_commit_does_not_ride_on_a_later_transaction(tmp_path: Path) -> None:
    """The same producer commits something else in between."""
    scene = small("exactly-once", "a")
    scene.input("z", part=1)
    scene.transaction().offsets(1).abort()
    scene.transaction().effects(["z"], part=1).offsets(1, part=1).commit()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_a_commit_repeated_is_one_witness(tmp_path: Path) -> None:
    """The first of them was ahead; the same offset once more adds nothing."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.commit(1)
    scene.effects(["a"])
    verdict = judge(scene.write(tmp_path), threads=1)
    assert verdict.finding("commit-ahead").witnesses == 2


def test_an_id_in_two_partitions_is_ahead_of_nothing(tmp_path: Path) -> None:
    """Which of its effects is whose cannot be told."""
    scene = small("exactly-once", "z", "a")
    scene.input("a", part=1)
    scene.effects(["z"])
    scene.commit(1)
    scene.effects(["a", "a"])
    scene.commit(2)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {}


# commit-regression


def test_a_commit_below_the_one_before_is_a_regression(tmp_path: Path) -> None:
    """3 1 2 3: only the step down is a witness."""
    scene = small("exactly-once", *"abc")
    scene.effects("abc")
    for off in (3, 1, 2, 3):
        scene.commit(off)
    assert witnesses(scene, tmp_path, "part", "off", "before") == {"commit-regression": [(0, 1, 3)]}


def test_neither_aborted_nor_deleted_nor_others_commits_regress(tmp_path: Path) -> None:
    """An aborted commit, one after a deletion, one of another partition, and the same once more are all in order."""
    scene = small("exactly-once", *"ab")
    scene.input("c", part=1)
    scene.effects("abc")
    scene.commit(2)
    scene.transaction().offsets(1).abort()
    scene.commit(2)
    scene.commit(1, part=1)
    scene.commit(None)
    scene.commit(1)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_without_a_group_no_position_needs_a_rebalance_to_go_back(tmp_path: Path) -> None:
    """Whoever is told on standard input is in none; a group that never rebalanced shows nothing of its keepers."""
    told, unmoved = clean(), clean()
    told.drop("generation")
    unmoved.drop("generation", lambda row: row["generation"] > 1)

    def enough(scene: Scene, directory: Path) -> list[bool | None]:
        findings = judge(scene.write(directory), threads=1).findings
        return [seen.enough for one in findings if one.anomaly == "commit-regression" for seen in one.evidence]

    assert enough(told, tmp_path / "told") == [None]
    assert enough(unmoved, tmp_path / "unmoved") == [False]


# hanging-transaction


def open_transaction(*, waited_ms: int = 0) -> Scene:
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction().effects(["a"], channels=["alpha"])
    scene.wait(waited_ms)
    return scene


def test_a_transaction_open_at_the_end_hangs(tmp_path: Path) -> None:
    """The run waited as long as it said it would; its last stable offset is not a second witness."""
    scene = open_transaction()
    scene.write(tmp_path / "once")
    scene.alter("ends", lambda row: row["topic"] == "alpha", lso=2)
    assert witnesses(scene, tmp_path / "again", "tid", "found") == {
        "hanging-transaction": [("mover-7", "open at the end")]
    }


def test_a_decided_transaction_without_its_end_hangs(tmp_path: Path) -> None:
    """Prepared, and its markers never written out."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.drop("txn", lambda row: row["state"] == "CompleteCommit")
    assert witnesses(scene, tmp_path, "found") == {"hanging-transaction": [("decided, and open at the end",)]}


@pytest.mark.parametrize(("waited_ms", "hangs"), [(1_400, False), (1_600, True)])
def test_a_transaction_may_last_its_time_out_and_the_clean_up(tmp_path: Path, waited_ms: int, hangs: bool) -> None:
    """1,000 ms and 500 ms here."""
    scene = open_transaction()
    scene.wait(waited_ms)
    scene.rows["txn"] += [
        scene.rows["txn"][-1] | {"state": state, "n": scene.n(), "t_append": scene.wait()}
        for state in ("PrepareAbort", "CompleteAbort")
    ]
    expected = {"hanging-transaction": [("ended late",)]} if hangs else {}
    assert witnesses(scene, tmp_path, "found") == expected


def test_a_last_stable_offset_that_no_transaction_explains_hangs(tmp_path: Path) -> None:
    """KIP-664: open on a partition, unknown to its coordinator. What upstream leaves open is not the subject's."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.write(tmp_path / "once")
    scene.alter("ends", lambda row: row["topic"] in {"beta", "in"}, lso=0)
    assert witnesses(scene, tmp_path / "again", "topic", "part") == {"hanging-transaction": [("beta", 0)]}


# clean


@pytest.mark.parametrize("promise", ["at-most-once", "at-least-once", "exactly-once"])
def test_a_clean_run_has_no_witness_of_anything(tmp_path: Path, promise: str) -> None:
    """A subject that is killed inside a transaction and keeps its promise raises nothing."""
    assert witnesses(clean(promise), tmp_path) == {}


def test_a_plain_subject_that_does_things_again_only_duplicates(tmp_path: Path) -> None:
    """Killed between effects and commit, done again: 20 inputs on two channels, and no other anomaly."""
    verdict = judge(clean_plain().write(tmp_path), threads=1)
    assert {one.anomaly: one.witnesses for one in verdict.findings if one.witnesses} == {"duplicated": 40}
    assert verdict.finding("duplicated").status is Status.COUNTED


def test_scenes_are_told_in_order() -> None:
    """Each step is a millisecond after the last, and takes the next offset of its log."""
    scene = small("exactly-once", "a", "b")
    scene.commit(2)
    assert [row["off"] for row in scene.rows["input"]] == [0, 1]
    assert scene.rows["offset_commit"][0]["t_append"] == START + 3 * STEP
    assert scene.rows["batch"][-1]["topic"] == OFFSETS

"""Torn on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from streamproof.history.promise import Delivery, Isolation
from tests.checks.cases import Case, abort_of_one_partition
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import small, witnesses


def wrong(scene: Scene) -> None:
    scene.alter("effect", lambda row: row["source_id"] == "x004" and row["channel"] == "beta", visible=False)


CASE = Case(evidence={"transactions over several partitions, interrupted": (1, abort_of_one_partition)}, wrong=wrong)


def torn_effect() -> Scene:
    scene = small("exactly-once", "a", "b")
    transaction = scene.transaction().effects(["a", "b"]).offsets(2)
    transaction.commit()
    scene.alter("effect", lambda row: row["source_id"] == "b" and row["channel"] == "beta", visible=False)
    return scene


def test_an_effect_aborted_beside_its_visible_sibling_is_torn(tmp_path: Path) -> None:
    """Written on both channels by one producer, visible on the first alone: torn, and not lost as well."""
    found = witnesses(torn_effect(), tmp_path, "id", "channel", "pid", "topic", "part", "off")
    assert found == {"torn": [("b", "beta", 7, "in", 0, 1)]}


@pytest.mark.parametrize("joined", [(), ("alpha",), ("beta",)])
def test_what_is_not_joined_is_lost_not_torn(tmp_path: Path, joined: tuple[str, ...]) -> None:
    """Channels that no transaction should join can only lose their effects."""
    scene = torn_effect()
    scene.promise = scene.promise.model_copy(update={"joined": joined})
    assert list(witnesses(scene, tmp_path)) == ["lost"]


def test_where_torn_is_allowed_it_is_lost(tmp_path: Path) -> None:
    """At-least-once under read_uncommitted allows torn and forbids lost: a missing effect must not slip between."""
    scene = torn_effect()
    update = {"isolation": Isolation.READ_UNCOMMITTED, "delivery": Delivery.AT_LEAST_ONCE}
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


@pytest.mark.parametrize("part", [0, 1])
def test_what_was_aborted_and_done_again_on_one_channel_alone_is_lost(tmp_path: Path, part: int) -> None:
    """The same producer and epoch, but another transaction: that is whole, and has forgotten a channel."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"], channels=["alpha"]).effects(["b"], part=part).offsets(2).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("a", "beta")]}


def test_an_input_of_which_nothing_is_visible_is_lost(tmp_path: Path) -> None:
    """Whatever its transaction did for others."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a", "b"]).offsets(2).commit()
    scene.alter("effect", lambda row: row["source_id"] == "a", visible=False)
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("a", "alpha"), ("a", "beta")]}


def test_a_marker_against_its_coordinators_decision_is_torn(tmp_path: Path) -> None:
    """Committed by its coordinator, aborted on one partition: the marker is a witness, and what was read of it."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction().effects(["b"]).offsets(2).commit()
    last = max(row["base_off"] for row in scene.rows["batch"] if row["topic"] == "beta")
    scene.alter("batch", lambda row: row["topic"] == "beta" and row["base_off"] == last, control="abort")
    assert witnesses(scene, tmp_path, "topic", "part", "off", "decided") == {
        "torn": [("beta", 0, last, "PrepareCommit")],
        "aborted-read": [("beta", 0, last - 1, None)] * 2,  # by each reader
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


@pytest.mark.parametrize(("ahead_ms", "torn"), [(5, False), (6, True)])
def test_a_marker_may_be_of_a_decision_within_the_clocks_error(tmp_path: Path, *, ahead_ms: int, torn: bool) -> None:
    """One broker's clock is ahead by more than the next transaction takes, which is aborted at once."""
    scene = small("exactly-once", "a", "b")
    scene.clock_error_us = 5 * STEP
    scene.transaction().effects(["a"]).offsets(1).commit()
    completed = scene.rows["txn"][-1]["t_append"]
    scene.transaction().effects(["b"], channels=["alpha"]).abort()
    scene.wait(100)
    scene.transaction().effects(["b"]).offsets(2).commit()
    first = min(row["base_off"] for row in scene.rows["batch"] if row["topic"] == "beta" and row["control"] != "none")
    moved = {"t_append": completed + ahead_ms * STEP}
    scene.alter("batch", lambda row: row["topic"] == "beta" and row["base_off"] == first, **moved)
    assert ("torn" in witnesses(scene, tmp_path)) is torn


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


def test_what_is_torn_hides_no_other_loss(tmp_path: Path) -> None:
    """B is torn on beta, and lacks a dead letter, which nobody wrote; c is lost on beta."""
    scene = torn_effect()
    scene.input("c")
    scene.effects("c", ["alpha"])
    scene.commit(3)
    scene.rows["expected"] = list(scene._expected())
    scene.alter("expected", lambda row: (row["id"], row["channel"]) == ("b", "dead"), at_least=1, at_most=1)
    assert witnesses(scene, tmp_path, "id", "channel") == {
        "lost": [("c", "beta")],
        "unaccounted": [("b", "dead")],
        "torn": [("b", "beta")],
    }


def test_what_need_not_be_there_is_not_torn(tmp_path: Path) -> None:
    """Its outcome is not known: on beta it may be there or not, whatever another group's contract says."""
    scene = torn_effect()
    scene.rows["expected"] = list(scene._expected())
    others = [row | {"grp": "others"} for row in scene.rows["expected"]]
    scene.alter("expected", lambda row: (row["id"], row["channel"]) == ("b", "beta"), at_least=0)
    scene.rows["expected"] += others
    assert witnesses(scene, tmp_path) == {}


def test_each_channel_is_held_to_the_decision_of_its_own_partition(tmp_path: Path) -> None:
    """Aborted and done again on alpha alone, with transactions at the same offsets of other partitions: lost."""
    scene = Scene()
    scene.inputs("abc", key=None)
    scene.transaction().effects("a", ["beta"]).effects("b", ["beta"], part=1).effects("b", ["alpha"], part=1).commit()
    scene.transaction().effects("c").abort()
    scene.transaction().effects("a", ["alpha"]).effects("c", ["alpha"]).offsets(3).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("c", "beta")]}


def test_two_transactions_at_a_time_are_told_apart_by_their_producers(tmp_path: Path) -> None:
    """The markers of each are those that its own coordinator decided, whichever ended first."""
    scene = Scene()
    scene.inputs("abc", key=None)
    first, second = scene.transaction().effects("a"), scene.transaction(pid=8).effects("b", part=1)
    second.abort()
    first.offsets(1).commit()
    scene.transaction(pid=8).effects("bc", part=1).offsets(3).commit()
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize(
    ("isolation", "delivery"),
    [(Isolation.READ_COMMITTED, Delivery.AT_LEAST_ONCE), (Isolation.READ_UNCOMMITTED, Delivery.EXACTLY_ONCE)],
)
def test_one_of_both_promises_is_enough_to_be_torn(tmp_path: Path, isolation: Isolation, delivery: Delivery) -> None:
    """Readers that are shown whole transactions alone, or exactly-once to whoever reads."""
    scene = torn_effect()
    scene.promise = scene.promise.model_copy(update={"isolation": isolation, "delivery": delivery})
    assert witnesses(scene, tmp_path, "id", "channel") == {"torn": [("b", "beta")]}


def test_a_producer_is_held_to_its_own_decisions_after_anothers(tmp_path: Path) -> None:
    """The other has done more transactions by then; the marker is against this producer's first."""
    scene = small("exactly-once", "a", "b", "c")
    for off, name in enumerate("ab", 1):
        scene.transaction(pid=8).effects(name).offsets(off).commit()
    scene.transaction().effects("c").offsets(3).commit()
    last = scene.rows["effect"][-1]["off"] + 1
    scene.alter("batch", lambda row: (row["topic"], row["base_off"]) == ("beta", last), control="abort")
    assert witnesses(scene, tmp_path, "topic", "off", "pid")["torn"] == [("beta", last, 7)]

"""Hand-written histories of a subject whose contract says what its effects must hold."""

from collections.abc import Callable
from typing import Any

from streamproof.history.promise import Part
from tests.checks.histories import CHANNELS, DEAD, Row, Scene
from tests.checks.scenes import clean, small

Change = Callable[[Scene], None]


def buried() -> Scene:
    """The clean scene with a poison input more in each partition, and a letter of each."""
    scene = clean()
    for part in (0, 1):
        off = scene.input(f"bad{part}", key="bad", part=part, fate="poison")
        transaction = scene.transaction(epoch=1)
        transaction.effect(f"bad{part}", DEAD, part=part)
        transaction.offsets(off + 1, part=part).commit()
    return scene


def poisoned(*inputs: str) -> Scene:
    """One poison input, b, among others, and no effect of it; all is committed past."""
    scene = Scene()
    for name in inputs:
        scene.input(name, fate="poison" if name == "b" else "process")
    scene.effects([name for name in inputs if name != "b"])
    return scene


REASONS = ("why", "where")
EXPLAINED = [f"{reason}=told" for reason in REASONS]


def written() -> Scene:
    """The same, whose contract says that letters keep all, and say why they are there and how often it was tried."""
    return keep(buried())


def keep(scene: Scene) -> Scene:
    """Every letter so far is its input as it came, with all that the contract asks for."""
    said = {"keeps": tuple(Part), "reasons": REASONS, "attempts": "tries", "max_attempts": 3}
    scene.promise = scene.promise.model_copy(update=said)
    for row in scene.rows["input"]:
        row |= {"value_hash": row["id"], "headers": [f"id={row['id']}", "trace"]}
    kept = {row["id"]: row for row in scene.rows["input"]}
    for row in scene.rows["effect"]:
        if row["channel"] == DEAD:
            source = kept[row["source_id"]]
            row |= {"key": source["key"], "value_hash": source["value_hash"]}
            row["headers"] = [*EXPLAINED, "tries=3", *source["headers"]]
    return scene


def letter() -> Scene:
    """A poison input with its letter, as the contract says."""
    scene = poisoned("a", "b")
    scene.effect("b", DEAD)
    scene.commit(2)
    return keep(scene)


def hold(scene: Scene) -> Scene:
    """Every effect so far holds its input's key and number, in the partition that its key belongs to."""
    scene.fill()
    echoes = {row["id"]: [f"key={row['key']}", f"amount={row['off']}"] for row in scene.rows["input"]}
    for row in scene.rows["expected"]:
        row["echo"] = [*echoes[row["id"]]] if row["channel"] in CHANNELS else None
    for row in scene.rows["effect"]:
        row |= {"echo": [*echoes[row["source_id"]]], "home": row["part"]}
    return scene


def holding() -> Scene:
    """The clean scene, whose contract says so."""
    return hold(clean())


def kept(*inputs: str) -> Scene:
    """Some inputs of one key, each done and committed past, and as the contract says."""
    scene = small("exactly-once", *inputs)
    scene.effects(inputs)
    scene.commit(len(inputs))
    return hold(scene)


def effect_of(scene: Scene, name: str, channel: str = "beta") -> Row:
    (found,) = (row for row in scene.rows["effect"] if row["source_id"] == name and row["channel"] == channel)
    return found


def spoil(scene: Scene, name: str, **changes: Any) -> None:
    """Change what the effects of one input are."""
    scene.alter("effect", lambda row: row["source_id"] == name, **changes)


def no_fields_read(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, echo=None, home=None)


def only_hidden_effects(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, visible=False)

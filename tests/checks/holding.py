"""Hand-written histories of a subject whose contract says what its effects must hold."""

from collections.abc import Callable
from typing import Any

from tests.checks.histories import CHANNELS, DEAD, Row, Scene, clean, small

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

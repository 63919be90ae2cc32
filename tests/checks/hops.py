"""Hand-written histories of a subject of several stages: its inputs go through topics of its own, `mid`, `side`."""

from collections.abc import Iterable
from typing import Any

from tests.checks.histories import GROUP, REBALANCE_MS, Scene, Transaction

STAGE = "finishers"
MID, SIDE = "mid", "side"

STABLE = {"protocol": "classic", "state": "Stable", "members": ["finisher"], "rebalance_ms": REBALANCE_MS}


class Hopping(Scene):
    """The group of `Scene` reads the input and hands it on; a second group reads the hops, and has the effects."""

    def __init__(self, promise: str = "exactly-once", *, ordered: bool = True) -> None:
        super().__init__(promise, ordered=ordered)
        self.promise = self.promise.model_copy(update={"through": (MID, SIDE), "stages": (STAGE,)})

    def hop(
        self, name: str | None, topic: str = MID, *, part: int = 0, pid: int = -1, epoch: int = -1, **changes: Any
    ) -> dict[str, Any]:
        """A record of a hop; plain, unless a transaction adds it."""
        off = self.append(topic, part, pid=pid, epoch=epoch, transactional=pid >= 0)
        row = {"topic": topic, "part": part, "off": off, "id": name, "key": None, "t_append": self.now}
        row |= {"pid": pid if pid >= 0 else None, "epoch": epoch if pid >= 0 else None, "visible": True} | changes
        self.rows["hop"].append(row)
        return row

    def hops(self, names: Iterable[str | None], topic: str = MID, **common: Any) -> None:
        for name in names:
            self.hop(name, topic, **common)

    def finish(self, off: int, topic: str = MID, *, part: int = 0, **changes: Any) -> dict[str, Any]:
        """The second group's commit in a hop."""
        return self.commit(off, part=part, **{"grp": STAGE, "topic": topic} | changes)

    def own(self, topic: str = MID, grp: str = STAGE) -> None:
        """A member that is new owns the first partition of a hop."""
        generation = len(self.rows["generation"]) + 1
        row = {"grp": grp, "generation": generation, "n": self.n(), "t_append": self.wait()}
        self.rows["generation"].append(
            row | {"protocol": "classic", "state": "Stable", "members": [], "rebalance_ms": None}
        )
        self.alter("owner", lambda row: row["topic"] == topic and row["t_to"] is None, t_to=self.now)
        owner = {"grp": grp, "generation": generation, "member": f"finisher-{generation}", "instance": None}
        self.rows["owner"].append(owner | {"topic": topic, "part": 0, "t_from": self.now, "t_to": None})


def hand_on(scene: Hopping, transaction: Transaction, names: Iterable[str | None], **changes: Any) -> Transaction:
    """Records of the hop in a transaction: hidden until it commits."""
    for name in names:
        transaction.touch(MID, 0)
        own = {"pid": transaction.pid, "epoch": transaction.epoch, "visible": False}
        transaction.pending.append(scene.hop(name, **own | changes))
    return transaction


def past(transaction: Transaction, off: int) -> Transaction:
    """The offsets of the hop in a transaction."""
    transaction.offsets(off)
    transaction.pending[-1] |= {"topic": MID, "grp": GROUP}
    return transaction


def hopping(*inputs: str, promise: str = "exactly-once") -> Hopping:
    """Some inputs of one key in partition 0, and nothing else so far."""
    scene = Hopping(promise)
    scene.inputs(inputs)
    return scene

"""Actions on the databases of the subject's effects."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

from streamproof.faults.actions.action import Action
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import DATABASE, DatabaseOf, TargetKind


@dataclass(frozen=True)
class Locked:
    """`lock`: what gives the database back. `waiting`: how many inputs were on their way to it when it was locked."""

    lock: ExitStack
    waiting: int
    refused: bool


class LockDatabase(Action):
    """Keep the subject from writing to the database of a channel: what a busy or restarting database looks like.

    A transaction of the verifier's own locks the database exclusively, and is rolled back.

    Evidence: a writer was refused while inputs were on their way: fed in, and not committed past.

    Without effect: when no input was on its way, so that nobody missed the database.
    """

    kind: ClassVar[str] = "lock-database"
    target: ClassVar[TargetKind] = DATABASE

    def begin(self, scene: Scene) -> Locked:
        if not isinstance(scene.met, DatabaseOf):
            raise TypeError(f"{scene.on} is no database")
        database, lock = scene.system.databases[scene.met.channel], ExitStack()
        lock.enter_context(database.lock())
        return Locked(lock, scene.system.progress.waiting(), database.is_locked())

    def evidence(self, scene: Scene, state: Locked) -> Evidence:
        scene.system.wait_since(scene.began, self.lasts_ms)
        waiting = max(state.waiting, scene.system.progress.waiting())
        name = str(scene.on).partition(":")[2]
        return Evidence(
            f"database {name} locked for {self.lasts_ms / 1000:.1f} s, with {waiting:,} inputs on their way to it",
            effective=state.refused and waiting > 0,
        )

    def end(self, scene: Scene, state: Locked) -> None:  # noqa: ARG002 - the lock knows its database
        state.lock.close()

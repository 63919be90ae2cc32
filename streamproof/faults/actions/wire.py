"""Actions on what goes between an instance and its brokers, at the proxy."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from streamproof.capabilities import Capability
from streamproof.errors import SubjectError, UsageError
from streamproof.faults.actions.action import Action
from streamproof.faults.moments import AtMoment
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import INSTANCE, TargetKind
from streamproof.faults.triggers import Trigger
from streamproof.history.terms import Side
from streamproof.wire import PLAUSIBLE, Hold, Late, Slow

DONE_WITHIN_S = 10.0  # what the proxy was asked to do
FOLLOWS_WITHIN_S = 60.0  # of a client that has lost a connection: it backs off, and may wait for its own time-outs
AT_WIRE: frozenset[Capability] = frozenset({Capability.WIRE})


class OfRequest(Action):
    """What is done to a request, or to an answer: that of the moment at which the fault begins."""

    target: ClassVar[TargetKind] = INSTANCE
    requires: ClassVar[frozenset[Capability]] = AT_WIRE
    sides: ClassVar[tuple[Side, ...]] = tuple(Side)

    def check_trigger(self, when: Trigger) -> None:
        if not (isinstance(when, AtMoment) and when.moment.side in self.sides):
            what = "a request" if len(self.sides) == 1 else "a request or an answer"
            raise UsageError(f'it is done to {what}; say which by a moment, such as "EndTxn/request"')

    @staticmethod
    def held(scene: Scene) -> Hold:
        """What the proxy holds of the instance; SubjectError where that is another's."""
        if (hold := scene.own_hold) is None:
            raise SubjectError(f"{scene.on} is at no moment; leave of_instance out")
        return hold


class Decided(OfRequest):
    """What becomes of it is decided when the fault begins."""

    def begin(self, scene: Scene) -> Hold:
        hold = self.held(scene)
        self.decide(hold)
        return hold

    @abstractmethod
    def decide(self, hold: Hold) -> None:
        """Say what becomes of it."""

    def end(self, scene: Scene, state: Hold) -> None:  # noqa: ARG002
        state.let_go()  # if nothing was decided


class CutConnection(Decided):
    """End the connection at a request, or at its answer: it does not go on.

    At a `/request` the broker never gets it. At a `/response` the broker has done it, and the client never hears: to
    the client the two look alike. It connects again, and tries again as it sees fit.

    Evidence: the proxy held it, and its connection ended with it.

    Without effect: when it could not be held back any more.
    """

    kind: ClassVar[str] = "cut-connection"

    def decide(self, hold: Hold) -> None:
        hold.drop()

    def evidence(self, scene: Scene, state: Hold) -> Evidence:  # noqa: ARG002
        lost = state.wait_over(DONE_WITHIN_S) and state.lost
        return Evidence("its connection was cut" if lost else "it went on", effective=lost)


class Delay(Decided):
    """Keep a request, or an answer, back for `lasts_ms`; all behind it on its connection waits too.

    Where that is longer than the client waits for an answer, the client is gone by then: a late `/response` is an
    answer that never came, and a `/request` never reaches its broker.

    Evidence: the proxy held it for so long, and then passed it on, or its client had given up the connection.

    Without effect: when the proxy neither passed it on nor lost it.
    """

    kind: ClassVar[str] = "delay"

    def decide(self, hold: Hold) -> None:
        """It goes on later."""

    def evidence(self, scene: Scene, state: Hold) -> Evidence:
        scene.system.wait_since(scene.began, self.lasts_ms)
        state.let_go()
        over = state.wait_over(DONE_WITHIN_S)
        became = "lost with its connection, which the client had given up" if state.lost else "passed on"
        return Evidence(f"held back for {self.lasts_ms / 1000:g} s, then {became}", effective=over)


class ErrorAnswer(Decided):
    """Answer a request with an error in the broker's place, which never gets it.

    Only with an error that a broker gives while it leaves all as it was. Some ask the client to try again
    (`NOT_COORDINATOR`); others make it abort its transaction (`MESSAGE_TOO_LARGE` of a Produce, `UNKNOWN_MEMBER_ID` of
    a TxnOffsetCommit), or tell it that it was fenced (`INVALID_PRODUCER_EPOCH`).

    Evidence: the proxy answered so, and the client's connection was there.

    Without effect: when the connection had just gone by itself, or a request of this version cannot be read.
    """

    kind: ClassVar[str] = "error-answer"
    sides: ClassVar[tuple[Side, ...]] = (Side.REQUEST,)

    error: str = Field(default="NOT_COORDINATOR", description="the name of an error, such as NOT_COORDINATOR")

    def check_trigger(self, when: Trigger) -> None:
        super().check_trigger(when)
        if isinstance(when, AtMoment) and self.error not in (known := PLAUSIBLE.get(when.moment.api, ())):
            could = f"write {' or '.join(known)}" if known else f"write one of {', '.join(PLAUSIBLE)}"
            raise UsageError(
                f"a broker that leaves all as it was answers no {self.error} to {when.moment.api}; {could}"
            )

    def decide(self, hold: Hold) -> None:
        hold.refuse(self.error)

    def evidence(self, scene: Scene, state: Hold) -> Evidence:  # noqa: ARG002
        done = state.wait_over(DONE_WITHIN_S) and state.refused
        return Evidence(f"answered {self.error}" if done else "it could not be answered", effective=done)


class HoldPastRetry(OfRequest):
    """Keep a request back, end its client's side of the connection, and let it go after its successor.

    The client, which does not know what became of the request, tries it again on another connection, and goes on. Only
    when the next transaction has written (of a request without a transaction: when the next of its kind is answered)
    does the first request reach the broker. A late EndTxn may then decide a transaction that is not its own
    (KAFKA-17754). A client is safe that begins anew, with `InitProducerId`, after an outcome that it does not know.

    Evidence: the client tried again and was answered, and went on; then the broker answered the late request. Whether
    it took it is told.

    Without effect: when the client did not try again, or did not go on, within 60 s.
    """

    kind: ClassVar[str] = "hold-past-retry"
    sides: ClassVar[tuple[Side, ...]] = (Side.REQUEST,)

    def begin(self, scene: Scene) -> Late:
        late = Late(self.held(scene))
        scene.system.proxy.add(late)
        late.hold.part()
        return late

    def evidence(self, scene: Scene, state: Late) -> Evidence:
        scene.feed(1.0)
        if scene.system.wait_until(lambda: state.answered, FOLLOWS_WITHIN_S):
            took = "took it" if state.error is None else f"refused it ({state.error})"
            return Evidence(f"held past its retry, and let go after its successor: the broker {took}", effective=True)
        missing = "go on" if state.retried else "try it again"
        return Evidence(f"held, but its client did not {missing} within {FOLLOWS_WITHIN_S:.0f} s", effective=False)

    def end(self, scene: Scene, state: Late) -> None:
        scene.system.proxy.remove(state)
        state.end()


class OfConnections(Action):
    """What is done to all that goes between an instance and its brokers while the fault lasts."""

    target: ClassVar[TargetKind] = INSTANCE
    requires: ClassVar[frozenset[Capability]] = AT_WIRE

    @abstractmethod
    def slowness(self, instance: int) -> Slow:
        """How long each request and each answer of an instance waits."""

    def begin(self, scene: Scene) -> Slow:
        slow = self.slowness(scene.number)
        scene.system.proxy.add(slow)
        return slow

    def evidence(self, scene: Scene, state: Slow) -> Evidence:
        scene.system.wait_since(scene.began, self.lasts_ms)
        count, seconds = state.count, self.lasts_ms / 1000
        return Evidence(f"{count} of its requests and answers held back within {seconds:g} s", effective=count > 0)

    def end(self, scene: Scene, state: Slow) -> None:
        scene.system.proxy.remove(state)
        state.end()


class BlackHole(OfConnections):
    """Let nothing pass between an instance and its brokers for `lasts_ms`; no connection ends, and new ones are taken.

    So a network goes away without a word. What was on its way then goes on, as far as its client is still there.

    Evidence: requests or answers that the proxy held back.

    Without effect: when nothing was on its way.
    """

    kind: ClassVar[str] = "black-hole"

    def slowness(self, instance: int) -> Slow:
        return Slow(instance)


class Throttle(OfConnections):
    """Let so many bytes a second pass between an instance and its brokers, both ways together, for `lasts_ms`.

    Evidence: requests or answers that the proxy held back.

    Without effect: when fewer were on their way.
    """

    kind: ClassVar[str] = "throttle"

    bytes_per_s: int = Field(default=10_000, ge=1, description="a whole number, of at least 1")

    def slowness(self, instance: int) -> Slow:
        return Slow(instance, self.bytes_per_s)

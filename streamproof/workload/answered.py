"""Feeding a subject that answers for each input: what all such ways in keep of what was given, and of the answers.

What an instance was given is a log of its own: a partition of a topic that Kafka cannot have (`place`), in which an
input's offset is its number. Answers are for an instance as commits are for a group: it is done with all below some
number.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamproof.clock import now_us
from streamproof.contract.model import Contract
from streamproof.history.terms import SendOutcome
from streamproof.workload.events import Event
from streamproof.workload.send_log import SendLog
from streamproof.workload.workload import Workload

STDIN, HTTP = "<stdin>", "<http>"  # what no topic of Kafka's can be called
ANSWER_S = 60.0  # after the last event: whatever is unanswered then is unknown

Place = tuple[str, int]


@dataclass(frozen=True)
class Given:
    """What an instance was given. `outcome`: how it was answered; unknown, or None while it is not."""

    event: Event
    part: int
    off: int
    t: int
    outcome: SendOutcome | None


@dataclass(frozen=True)
class Advance:
    """From `t` on, all of an instance's inputs below `off` were accounted for. Microseconds since the epoch."""

    part: int
    off: int
    t: int


class Lane:
    """What one instance was given, across its incarnations, and what became of it."""

    def __init__(self, instance: int, name: str, log: SendLog, stopping: threading.Event) -> None:
        self.instance, self._name, self._log, self.stopping = instance, f"{name}-{instance}", log, stopping
        self.changed = threading.Condition()
        self.waiting: dict[str, int] = {}
        self._given: list[tuple[Event, int]] = []
        self._outcomes: list[SendOutcome | None] = []
        self.accounted = 0
        self.advances: list[Advance] = []

    @property
    def count(self) -> int:
        return len(self._given)

    def given(self) -> Iterator[Given]:
        for off, (event, began) in enumerate(self._given):
            yield Given(event, self.instance, off, began, self._outcomes[off])

    def take(self, event: Event) -> None:
        """Count the event as given from now on."""
        with self.changed:
            self.waiting[event.id] = len(self._given)
            self._outcomes.append(None)  # first: who reads along looks for the answer of each that was given
            self._given.append((event, now_us()))

    def answer(self, identity: str, outcome: SendOutcome, *, part: int | None = None, place: int | None = None) -> None:
        """An answer; to what was never given, or is answered, it is none."""
        with self.changed:
            off = self.waiting.pop(identity, None)
            if off is not None:
                self._account(off, outcome)
        if off is not None:
            self._record(off, outcome, part=part, place=place)

    def give_up(self) -> None:
        """What was given, and is not answered, never will be: it is accounted for, as unknown."""
        for identity in list(self.waiting):
            self.answer(identity, SendOutcome.UNKNOWN)

    def close(self, answer_s: float) -> None:
        """Wait until all is answered, or `answer_s` have passed: what a live process leaves unanswered stays so."""
        with self.changed:
            self.changed.wait_for(lambda: not self.waiting or self.stopping.is_set(), answer_s)
            late, self.waiting = list(self.waiting.values()), {}
        for off in late:
            self._record(off, SendOutcome.UNKNOWN)

    def _account(self, off: int, outcome: SendOutcome) -> None:
        self._outcomes[off] = outcome
        before = self.accounted
        while self.accounted < len(self._outcomes) and self._outcomes[self.accounted] is not None:
            self.accounted += 1
        if self.accounted > before:
            self.advances.append(Advance(self.instance, self.accounted, now_us()))
        self.changed.notify_all()

    def _record(self, off: int, outcome: SendOutcome, *, part: int | None = None, place: int | None = None) -> None:
        event, began = self._given[off]
        self._log.add(event, outcome, began, self._name, part=part, off=place)


class AnsweredWorkload(Workload):
    """Gives events to the instances of a subject, each of which answers. `place`: what the log of inputs is called.

    `answer_s`: seconds after the last event, when whatever is unanswered is unknown.
    """

    place: str
    silent: str  # what a subject must do that has answered nothing: it follows the subject's name in an error

    def __init__(self, contract: Contract, *, answer_s: float = ANSWER_S) -> None:
        super().__init__(contract)
        self._answer_s = answer_s

    @property
    def lanes(self) -> Sequence[Lane]:
        """Of each instance."""
        raise NotImplementedError

    @property
    def given(self) -> Iterator[Given]:
        """All that was given, each instance's in order."""
        for lane in self.lanes:
            yield from lane.given()

    @property
    def advances(self) -> Sequence[Advance]:
        """How far each instance was when, in the order of time."""
        return sorted((advance for lane in self.lanes for advance in lane.advances), key=lambda advance: advance.t)

    @property
    def places(self) -> Mapping[str, tuple[int, int]]:
        """Instance and number of each id that was given."""
        return {given.event.id: (given.part, given.off) for given in self.given}

    def accounted(self) -> Mapping[Place, int]:
        """Of each instance, the first input that is not accounted for."""
        return {(self.place, lane.instance): lane.accounted for lane in self.lanes}

    def last(self) -> Mapping[Place, int]:
        """Of each instance that was given any, the last input."""
        return {(self.place, lane.instance): lane.count - 1 for lane in self.lanes if lane.count}

    def _finish(self) -> None:
        for lane in self.lanes:
            lane.close(self._answer_s)

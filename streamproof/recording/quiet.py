"""Waiting for the end: until nothing is open, and the group has committed past all that it could read.

Only then does the absence of a record mean anything: before, it may still come. Takes plain values and addresses.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from streamproof.recording.batches import Place
from streamproof.recording.readback import LogEnds, drain

POLL_S = 0.1
LONGEST_S = 600.0  # of a subject that goes on and on


@dataclass(frozen=True)
class Quiet:
    """How quiet so many `partitions` are.

    `behind`: those with visible input beyond what is committed; `unstable`: those with an open transaction.
    `transactions`: the ids of transactions that are open and have written nothing to any of them.
    """

    partitions: int
    behind: tuple[Place, ...] = ()
    unstable: tuple[Place, ...] = ()
    transactions: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        return not self.behind and not self.unstable and not self.transactions

    def __str__(self) -> str:
        if self.quiet:
            return f"last stable offset = high watermark on {self.partitions} partitions · no open transaction"
        found = [
            f"{why}: {', '.join(f'{topic}[{part}]' for topic, part in places)}"
            for why, places in (("not committed to the end", self.behind), ("a transaction open", self.unstable))
            if places
        ]
        if self.transactions:
            found.append(f"a transaction open that has written nothing: {', '.join(self.transactions)}")
        return "; ".join(found)


def wait_until_quiet(
    behind: Callable[[], Sequence[Place]],
    log_ends: Callable[[], LogEnds],
    incomplete: Callable[[], Sequence[str]] = lambda: (),
    *,
    timeout_s: float,
    open_timeout_s: float = 0.0,
    done: Callable[[], int] = lambda: 0,
    say: Callable[[str], None] = lambda _: None,
) -> Quiet:
    """What was found when all is quiet, or at the bound of `timeout_s` seconds, which is no error.

    The bound counts from when the subject was last seen to go on, by how much it has `done`: who is slow is not late.
    While a transaction is open the bound is `open_timeout_s`, if that is longer: until then the broker may
    rightly keep it open.

    `behind` asks which partitions have input that the subject is not done with, `log_ends` where the logs of all topics
    end: both are asked again and again. Which of the subject's transactions are `incomplete` is asked once all else is
    quiet: a process that died may have left a transaction open that no log shows. HistoryError when the input cannot
    be read.
    """
    began = went_on = time.monotonic()
    most = done()
    open_now = _open(log_ends())
    while True:
        # in this order: a group that has committed may have markers on their way to other partitions;
        # and a transaction that was open before may have brought input since `behind` was asked
        open_before, late, ends = open_now, behind(), log_ends()
        open_now = _open(ends)
        unstable = open_before | open_now
        found = Quiet(len(ends), tuple(sorted(late)), tuple(sorted(unstable)))
        if found.quiet:
            found = replace(found, transactions=tuple(incomplete()))
        bound = max(timeout_s, open_timeout_s) if unstable or found.transactions else timeout_s
        now = time.monotonic()
        if (so_far := done()) > most:
            most, went_on = so_far, now
        if found.quiet or now > min(went_on + bound, began + max(bound, LONGEST_S)):
            return found
        say(str(found))
        time.sleep(POLL_S)


def _open(ends: LogEnds) -> set[Place]:
    """The partitions with an open transaction: their last stable offset lies before the high watermark."""
    return {place for place, (_, stable, high) in ends.items() if stable < high}


class LastInput:
    """The last input that read_committed lets pass, of each partition; each look reads on from where the last ended.

    The end of the log does not tell it: markers and aborted records stand there, and no group commits past those.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._looked: dict[Place, int] = {}
        self._last: dict[Place, int] = {}

    def behind(self, committed: Mapping[Place, int], ends: LogEnds) -> list[Place]:
        """The partitions whose last input lies beyond what is committed; `ends` are asked for after `committed`."""
        return [place for place, offset in self.of(ends).items() if committed.get(place, -1) <= offset]

    def of(self, ends: LogEnds) -> Mapping[Place, int]:
        """The offset of the last input in each partition that has any, by where the logs end now."""
        new = {
            place: (self._looked.get(place, begin), stable)
            for place, (begin, stable, _) in ends.items()
            if place[0] == self._topic and stable > self._looked.get(place, begin)
        }
        for chunk in drain(self._bootstrap, new, "read_committed"):
            if len(chunk):
                self._last[chunk.place] = chunk.offsets[-1]
        self._looked.update({place: stable for place, (_, stable) in new.items()})
        return self._last

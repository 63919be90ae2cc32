"""How it goes on in a partition, told from a window of looks: Burrow's rules, which need no threshold."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

WINDOW = 10  # looks


class State(StrEnum):
    """Of a group in a partition."""

    OK = "ok"
    UNKNOWN = "unknown"  # too few looks, or nothing committed
    BEHIND = "behind"
    STOPPED = "stopped"
    STALLED = "stalled"
    REWOUND = "rewound"


class Sample(NamedTuple):
    """What a look has seen of a group in a partition. `owned`: whether a member has it."""

    committed: int
    lag: int
    owned: bool


def state_of(samples: Sequence[Sample], window: int = WINDOW) -> State:
    """The first rule that holds of the last `window` samples.

    1. The lag was zero in any of them: ok.
    2. A commit is behind the commit before it: rewound.
    3. There are fewer samples than the window takes: unknown.
    4. All commits are the same: stalled where a member had the partition in any of them, else stopped.
    5. The lag never fell from one to the next: behind.
    6. Else ok: there is lag, and it falls now and then.
    """
    seen = samples[-window:]
    if any(sample.lag == 0 for sample in seen):
        return State.OK
    if any(after.committed < before.committed for before, after in pairwise(seen)):
        return State.REWOUND
    if len(seen) < window:
        return State.UNKNOWN
    if len({sample.committed for sample in seen}) == 1:
        return State.STALLED if any(sample.owned for sample in seen) else State.STOPPED
    if all(after.lag >= before.lag for before, after in pairwise(seen)):
        return State.BEHIND
    return State.OK

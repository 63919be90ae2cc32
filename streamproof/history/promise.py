"""What a run is judged against, saved beside its tables as run.json, so that it can be judged again from them alone."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from streamproof.errors import UsageError

MOST_CLOCK_ERROR_US = 60_000_000  # of clocks that lie further apart nothing can be said of what came before what


class Delivery(StrEnum):
    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once"
    EXACTLY_ONCE = "exactly-once"


def promise_in_words(delivery: Delivery, *, ordered: bool) -> str:
    """Such as "exactly-once, ordered by key"."""
    return delivery + (", ordered by key" if ordered else "")


class Part(StrEnum):
    """A part of a record."""

    KEY = "key"
    VALUE = "value"
    HEADERS = "headers"


class Isolation(StrEnum):
    READ_COMMITTED = "read_committed"
    READ_UNCOMMITTED = "read_uncommitted"


class Promise(BaseModel):
    """The promise of one group: what it does to each input of its topics.

    `inputs`: the topics that it reads; `<stdin>` or `<http>` where it is told what to send. `channels`:
    those of its effects, dead letters too. `ordered`: effects of one key appear in
    the order of their inputs. `isolation`: how it reads them. `joined`: the channels whose effects one transaction
    should join. `through`: hops, topics of the subject's own that inputs go through; `stages`: the further groups that
    read these. `transaction_timeout_ms`: a transaction that stays open longer, plus `cleanup_ms`, hangs.
    `recovery_ms`: how soon each partition goes on when a fault is over; `close_ms`: how soon an instance ends when it
    is asked to; of each nothing is promised where it is null.

    `dead_letters`: the channel of these. A letter `keeps` these parts of its input as they came, has the headers
    `reasons`, and tells in the header `attempts` how often its input was tried, which is `max_attempts` times at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grp: str
    inputs: tuple[str, ...]
    channels: tuple[str, ...]
    delivery: Delivery
    ordered: bool = False
    isolation: Isolation = Isolation.READ_COMMITTED
    dead_letters: str | None = None
    keeps: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()
    attempts: str | None = None
    max_attempts: int | None = None
    joined: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    transaction_timeout_ms: int = 60_000
    cleanup_ms: int = 10_000
    recovery_ms: int | None = None
    close_ms: int | None = None


class RunRecord(BaseModel):
    """What is recorded of a run beside its tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[7] = 7
    subject: str
    promises: tuple[Promise, ...] = Field(min_length=1)
    seed: int
    kafka_version: str
    backend: str
    protocol: str = "classic"  # the group protocol: classic, consumer or share
    started_at: int  # microseconds since the epoch
    ended_at: int
    # how far the brokers' clocks may lie apart; 0: one machine, one clock
    clock_error_us: int = Field(default=0, ge=0, le=MOST_CLOCK_ERROR_US)
    # what the broker probe found: property -> upheld. Empty: not probed
    probe: dict[str, bool] = {}
    # what this run could not do or see, each a sentence
    not_shown: tuple[str, ...] = ()
    again: str | None = None  # the command that runs it again, if it was a command

    def promise(self, group: str | None = None) -> Promise:
        """What `group` promised; None: the only group. UsageError when it is no group, or could be several."""
        found = [promise for promise in self.promises if group in {None, promise.grp}]
        if len(found) == 1:
            return found[0]
        groups = ", ".join(promise.grp for promise in self.promises)
        raise UsageError(
            f'this run has no group "{group}"; there are {groups}'
            if group
            else f"this run has several groups; name the group to judge (--group): {groups}"
        )

"""Which mutants there are, and what each must be caught by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mutants.consumers import AutoCommit, CommitsOnStop, DropsOnRevoke, LastFinished, Parallel, SkipFailed, Stopped
from mutants.forwarders import (
    Aborting,
    CommitFirst,
    GoesBack,
    Latest,
    NoFencing,
    NoGeneration,
    NoRewind,
    NoTransaction,
    OutOfOrder,
    PassesOver,
    ReadUncommitted,
    Renames,
    Replays,
    Waking,
)
from mutants.journal import Row
from mutants.letters import LetterAltered, LetterAndEffect, LetterWithoutReason, TriesTooOften, WithoutLetter
from mutants.values import ChangesField, DropsField, SwapsPayloads, WrongKey
from mutants.witnesses import (
    Tables,
    Witnesses,
    auto_commit,
    commit_first,
    commits_on_stop,
    goes_back,
    last_finished,
    latest,
    no_generation,
    no_rewind,
    no_transaction,
    out_of_order,
    read_uncommitted,
    renames,
    replays,
    skip_failed,
    spoilt,
)
from pipeline.group_member import GroupMember
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings, GroupSettings, ProjectorSettings

Settings = TypeVar("Settings", bound=GroupSettings)
# an open transaction is aborted before its owner's group misses that
SOON_ABORTED = {"TRANSACTION_TIMEOUT_MS": "1500", "SESSION_TIMEOUT_MS": "6000", "HEARTBEAT_INTERVAL_MS": "500"}


@dataclass(frozen=True)
class Mutant:
    """`anomalies`: what it may be caught by, its own first; `witnesses`: exactly which inputs, of each anomaly.

    `subject`: of streamproof.toml, the right one, in whose place the mutant runs. `faults`: by their name in runner.py;
    those of its subject, unless it needs others. `env`: what of its subject's environment it has otherwise.
    """

    name: str
    bug: str
    run: Callable[[], None]
    anomalies: tuple[str, ...]
    witnesses: Callable[[Sequence[Row], Tables], Witnesses]
    subject: str = "orders"
    faults: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        return f"python -m mutants {self.name}"


def running(settings: type[Settings], kind: Callable[[Settings, Stop], GroupMember[Any]]) -> Callable[[], None]:
    """Runs a member with the settings of its environment, until it is told to stop."""

    def run() -> None:
        values = settings.from_environment()
        stop = Stop(values.stop_ms)
        stop.listen()
        kind(values, stop).run()

    return run


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "commit-first",
            "commits the input's offsets before it produces",
            running(ForwarderSettings, CommitFirst),
            ("commit-ahead", "lost"),
            commit_first,
        ),
        Mutant(
            "no-rewind",
            "does not go back to the start of a transaction that it aborted",
            running(ForwarderSettings, NoRewind),
            ("lost",),
            no_rewind,
        ),
        Mutant(
            "no-transaction",
            "produces, then commits the input's offsets, with no transaction around them",
            running(ForwarderSettings, NoTransaction),
            ("duplicated",),
            no_transaction,
        ),
        Mutant(
            "no-generation",
            "does not say which member of its group commits",
            running(ForwarderSettings, NoGeneration),
            ("duplicated", "commit-regression", "dual-ownership", "foreign-commit"),
            no_generation,
            faults="zombies",
        ),
        Mutant(
            "no-fencing",
            "does not say which member commits, and has another transactional id at each start",
            running(ForwarderSettings, NoFencing),
            ("duplicated", "commit-regression", "dual-ownership", "foreign-commit"),
            no_generation,
            faults="replacements",
        ),
        Mutant(
            "passes-over",
            "goes on with the next batch when its coordinator has aborted a transaction",
            running(ForwarderSettings, PassesOver),
            ("lost",),
            no_rewind,
            faults="timeouts",
            env=SOON_ABORTED,
        ),
        Mutant(
            "read-uncommitted",
            "reads what was aborted upstream",
            running(ForwarderSettings, ReadUncommitted),
            ("aborted-read",),
            read_uncommitted,
        ),
        Mutant(
            "latest",
            "begins at the end of a partition of which nothing is committed",
            running(ForwarderSettings, Latest),
            ("lost", "skip"),
            latest,
        ),
        Mutant(
            "replays",
            "begins before the committed offset in each partition that comes to it",
            running(ForwarderSettings, Replays),
            ("excess-replay", "duplicated"),
            replays,
        ),
        Mutant(
            "out-of-order",
            "sends some batches from their end to their start",
            running(ForwarderSettings, OutOfOrder),
            ("reordered",),
            out_of_order,
        ),
        Mutant(
            "renames",
            "passes some events on under another id",
            running(ForwarderSettings, Renames),
            ("phantom", "lost"),
            renames,
        ),
        Mutant(
            "swaps-payloads",
            "gives two records of a batch each other's value",
            running(ForwarderSettings, SwapsPayloads),
            ("corrupted",),
            spoilt("corrupted"),
        ),
        Mutant(
            "changes-field",
            "changes the amount of some events",
            running(ForwarderSettings, ChangesField),
            ("corrupted",),
            spoilt("corrupted"),
        ),
        Mutant(
            "drops-field",
            "leaves out a field of some events",
            running(ForwarderSettings, DropsField),
            ("corrupted",),
            spoilt("corrupted"),
        ),
        Mutant(
            "wrong-key",
            "sends some records under another key",
            running(ForwarderSettings, WrongKey),
            ("misrouted",),
            spoilt("misrouted"),
        ),
        Mutant(
            "without-letter",
            "commits past what cannot be processed, and writes no dead letter",
            running(ForwarderSettings, WithoutLetter),
            ("unaccounted",),
            spoilt("unaccounted"),
        ),
        Mutant(
            "letter-and-effect",
            "has an effect of what it dead-letters",
            running(ForwarderSettings, LetterAndEffect),
            ("both",),
            spoilt("both"),
        ),
        Mutant(
            "silent-letter",
            "does not say why a dead letter is there",
            running(ForwarderSettings, LetterWithoutReason),
            ("unexplained",),
            spoilt("unexplained"),
        ),
        Mutant(
            "letter-altered",
            "writes a dead letter's value in another form than it came in",
            running(ForwarderSettings, LetterAltered),
            ("altered",),
            spoilt("altered"),
        ),
        Mutant(
            "tries-too-often",
            "tries what can never succeed oftener than is allowed",
            running(ForwarderSettings, TriesTooOften),
            ("overtried",),
            spoilt("overtried"),
        ),
        Mutant(
            "goes-back",
            "commits an older offset after a newer offset",
            running(ForwarderSettings, GoesBack),
            ("commit-regression", "duplicated"),
            goes_back,
        ),
        Mutant(
            "skip-failed",
            "passes by what it could not write",
            running(ProjectorSettings, SkipFailed),
            ("lost",),
            skip_failed,
            subject="projector",
        ),
        Mutant(
            "auto-commit",
            "commits by the clock what it was handed, done or not",
            running(ProjectorSettings, AutoCommit),
            ("commit-ahead", "lost"),
            auto_commit,
            subject="projector",
        ),
        Mutant(
            "last-finished",
            "does records side by side, and commits past those that are not done yet",
            running(ProjectorSettings, LastFinished),
            ("commit-ahead", "lost"),
            last_finished,
            subject="projector",
        ),
        Mutant(
            "drops-on-revoke",
            "commits what it has read of a partition that it must give up, and drops it",
            running(ProjectorSettings, DropsOnRevoke),
            ("lost", "commit-ahead"),
            last_finished,
            subject="projector",
            faults="joins",
        ),
        Mutant(
            "commits-on-stop",
            "when it is stopped, commits what it has read, done or not",
            running(ProjectorSettings, CommitsOnStop),
            ("lost",),
            commits_on_stop,
            subject="projector",
            faults="stops",
        ),
    )
}
# Right, though they look much like a mutant: what a check must not raise anything about
CLEAN = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "aborting",
            "none: aborts every nth transaction, and rewinds",
            running(ForwarderSettings, Aborting),
            (),
            lambda *_: {},
        ),
        Mutant(
            "waking",
            "none: commits as a member of its group, or not at all",
            running(ForwarderSettings, Waking),
            (),
            lambda *_: {},
            faults="zombies",
        ),
        Mutant(
            "fenced",
            "none here: does not say which member commits, but who comes in its place fences it",
            running(ForwarderSettings, NoGeneration),
            (),
            lambda *_: {},
            faults="replacements",
        ),
        Mutant(
            "starts-over",
            "none: reads again what it had in a transaction that its coordinator has aborted",
            running(ForwarderSettings, Waking),
            (),
            lambda *_: {},
            faults="timeouts",
            env=SOON_ABORTED,
        ),
        Mutant(
            "parallel",
            "none: finishes what it has in its hands before a partition goes",
            running(ProjectorSettings, Parallel),
            (),
            lambda *_: {},
            subject="projector",
            faults="joins",
        ),
        Mutant(
            "stopped",
            "none: finishes what it has in its hands before it ends",
            running(ProjectorSettings, Stopped),
            (),
            lambda *_: {},
            subject="projector",
            faults="stops",
        ),
    )
}

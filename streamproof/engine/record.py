"""What is kept of a run beside its tables: who promised what, where it ran, and what it could not show."""

from collections.abc import Mapping, Sequence
from typing import Any

from streamproof.clock import now_us
from streamproof.cluster import Cluster, has_one_clock
from streamproof.contract.model import DeadLetters
from streamproof.engine.spec import RunSpec
from streamproof.history.promise import Promise, RunRecord
from streamproof.recording.hops import Hops
from streamproof.workload.answered import HTTP, STDIN

TRANSACTION_TIMEOUT_MS = 60_000  # of Kafka's clients, where none is known
CLEANUP_MS = 10_000  # at most, from a transaction's time-out until the broker ends it
CLOCK_ERROR_US = 1_000_000  # between machines whose clocks are not ours to compare
INPUTS = {"stdin": STDIN, "http": HTTP}
SEVERAL_CLOCKS = "what came before what within a second: several machines' clocks"


def promise_of(spec: RunSpec, transaction_timeout_ms: int = TRANSACTION_TIMEOUT_MS) -> Promise:
    """What the group of a run promises. `transaction_timeout_ms`: the longest that its transactions may stay open."""
    contract = spec.contract
    produced = tuple(produces.channel.name for produces in contract.produces)
    return Promise(
        grp=contract.group,
        inputs=(INPUTS.get(spec.subject.input.kind, contract.input.channel.topic),),
        delivery=contract.delivery,
        ordered=contract.ordered,
        isolation=contract.isolation,
        channels=(*produced, *([contract.dead_letters.channel.name] if contract.dead_letters else [])),
        **_letters(contract.dead_letters),
        joined=produced,
        transaction_timeout_ms=transaction_timeout_ms,
        cleanup_ms=CLEANUP_MS,
        recovery_ms=contract.recovery_ms,
        close_ms=contract.close_ms,
    )


def _letters(dead: DeadLetters | None) -> dict[str, Any]:
    if dead is None:
        return {}
    return {
        "dead_letters": dead.channel.name, "keeps": dead.keeps, "reasons": dead.reasons, "attempts": dead.attempts,
        "max_attempts": dead.max_attempts,
    }  # fmt: skip


def run_record(
    spec: RunSpec,
    cluster: Cluster,
    *,
    transaction_timeout_ms: int,
    protocol: str,
    started_at: int,
    hops: Hops,
    probe: Mapping[str, bool],
    not_shown: Sequence[str],
) -> RunRecord:
    """The record of a run that ends now. `protocol`: the group's; `not_shown`: sentences for the report."""
    one_clock = has_one_clock(cluster)
    promised = promise_of(spec, transaction_timeout_ms)
    return RunRecord(
        subject=spec.subject.name,
        promises=(promised.model_copy(update={"through": hops.topics, "stages": hops.stages}),),
        seed=spec.seed,
        kafka_version=cluster.version,
        backend=cluster.backend,
        protocol=protocol,
        started_at=started_at,
        ended_at=now_us(),
        clock_error_us=0 if one_clock else CLOCK_ERROR_US,
        probe=dict(probe),
        not_shown=(*spec.contract.unjudged, *not_shown, *(() if one_clock else (SEVERAL_CLOCKS,))),
        again=spec.again,
    )

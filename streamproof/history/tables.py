"""The tables of a history: what is recorded, with types and units. The contract between recording and judging.

Times (`t…`) are microseconds since the epoch, UTC. `t_append` is the broker's, to the millisecond; the rest is this
machine's clock. `n` is the order in which the source gave its rows. A table that could not be had is absent: it has no
file, and the checks that need it are *not judged*; it is never empty in its place.
"""

from collections.abc import Mapping
from enum import StrEnum

import pyarrow as pa

from streamproof.history.promise import Isolation
from streamproof.history.terms import Cause, Control, Fate, Handling, Phase, SendOutcome, Side


def _table(**columns: pa.DataType) -> pa.Schema:
    """A schema from column types; a type given as `nullable(t)` may hold nulls, the others may not."""
    return pa.schema(
        [
            pa.field(name, kind[0], nullable=True) if isinstance(kind, tuple) else pa.field(name, kind, nullable=False)
            for name, kind in columns.items()
        ]
    )


def _or_null(kind: pa.DataType) -> tuple[pa.DataType]:
    return (kind,)


_str, _int, _long, _bool = pa.string(), pa.int32(), pa.int64(), pa.bool_()
_short = pa.int16()
_list = pa.list_(pa.string())

TABLES: dict[str, pa.Schema] = {
    # what the workload sent; part and off only where the outcome is ok
    "sent": _table(
        id=_str,
        key=_or_null(_str),
        seq=_long,
        channel=_str,
        outcome=_str,
        topic=_str,
        part=_or_null(_int),
        off=_or_null(_long),
        t_invoke=_long,
        t_complete=_long,
        producer=_str,
    ),
    # the input topics, read back to their end. visible: seen under read_committed. value_hash, headers (a `name=value`
    # for each): of what its dead letter is to keep, null where the contract does not say that
    "input": _table(
        topic=_str,
        part=_int,
        off=_long,
        id=_str,
        key=_or_null(_str),
        seq=_or_null(_long),
        value_hash=_or_null(_str),
        headers=_or_null(_list),
        fate=_str,
        t_append=_long,
        pid=_or_null(_long),
        epoch=_or_null(_short),
        visible=_bool,
    ),
    # what each input id should cause, on each channel. echo: what each of its effects there must hold, a `field=value`
    # for each field that the contract names, the key first; null for a field of which nothing is known
    "expected": _table(id=_str, grp=_str, channel=_str, at_least=_int, at_most=_or_null(_int), echo=_or_null(_list)),
    # output topics read back, SQL rows, file lines. ordinal: place within its channel's source of truth; null where
    # that has no order. t_append of a row: when it was certainly not there yet. echo: the fields that expected.echo
    # tells of, as they are, null for one that is not there. home: the partition that its key belongs to, by the
    # partitioner that the contract names. headers: of a dead letter
    "effect": _table(
        channel=_str,
        source_id=_or_null(_str),
        ordinal=_or_null(_long),
        topic=_or_null(_str),
        part=_or_null(_int),
        off=_or_null(_long),
        key=_or_null(_str),
        value_hash=_or_null(_str),
        echo=_or_null(_list),
        home=_or_null(_int),
        headers=_or_null(_list),
        t_append=_or_null(_long),
        pid=_or_null(_long),
        epoch=_or_null(_short),
        visible=_bool,
    ),
    # the records of hops: topics of the subject's own that its inputs go through. id: null where a record names no
    # input; t_append: null where the topic has its producers' times
    "hop": _table(
        topic=_str,
        part=_int,
        off=_long,
        id=_or_null(_str),
        key=_or_null(_str),
        t_append=_or_null(_long),
        pid=_or_null(_long),
        epoch=_or_null(_short),
        visible=_bool,
    ),
    # batch headers from raw Fetch. control: none, commit, abort
    "batch": _table(
        topic=_str,
        part=_int,
        base_off=_long,
        last_off=_long,
        pid=_long,
        epoch=_short,
        transactional=_bool,
        control=_str,
        t_append=_long,
        leader_epoch=_int,
    ),
    # the verifier's own readers. phase: during, final
    "read": _table(
        reader=_str, n=_long, isolation=_str, phase=_str, topic=_str, part=_int, off=_long, id=_or_null(_str), t=_long
    ),
    # __consumer_offsets: commits. off: the next offset to read. A deleted commit has off null. Of a share group, by
    # __share_group_state: the first record that it is not done with
    "offset_commit": _table(
        grp=_str,
        topic=_str,
        part=_int,
        off=_or_null(_long),
        n=_long,
        t_append=_long,
        pid=_long,
        epoch=_short,
        leader_epoch=_int,
        transactional=_bool,
        visible=_bool,
    ),
    # __share_group_state: what became of a share group's records, a row for each range of which it is new. state:
    # available (let go, to be delivered again), acknowledged, archived (given up); deliveries: how many there were
    "share_state": _table(
        grp=_str,
        topic=_str,
        part=_int,
        first_off=_long,
        last_off=_long,
        n=_long,
        t_append=_long,
        state=_str,
        deliveries=_int,
    ),
    # __consumer_offsets: a group's generations (classic) or epochs (consumer). members: all that it has, whether with
    # partitions or without; rebalance_ms: the longest that one of them may take to give up its partitions
    "generation": _table(
        grp=_str,
        generation=_int,
        n=_long,
        t_append=_long,
        protocol=_str,
        state=_str,
        members=_list,
        rebalance_ms=_or_null(_int),
    ),
    # who owned which partition, from which moment to which; t_to null: to the end
    "owner": _table(
        grp=_str,
        generation=_int,
        member=_str,
        instance=_or_null(_str),
        topic=_str,
        part=_int,
        t_from=_long,
        t_to=_or_null(_long),
    ),
    # __transaction_state: every state of every transactional id
    "txn": _table(tid=_str, pid=_long, epoch=_short, state=_str, partitions=_list, n=_long, t_append=_long),
    # what went between the subject and its brokers, at the proxy. A row stands for `times` equal requests, or answers,
    # that followed each other on a connection, from t to t_last. An answer tells what its request said, and its first
    # error. rule: null for what was passed on
    "wire": _table(
        conn=_int,
        instance=_int,
        incarnation=_int,
        broker=_or_null(_int),
        api=_str,
        version=_int,
        client=_or_null(_str),
        side=_str,
        n=_long,
        times=_long,
        t=_long,
        t_last=_long,
        tid=_or_null(_str),
        pid=_or_null(_long),
        epoch=_or_null(_short),
        grp=_or_null(_str),
        member=_or_null(_str),
        generation=_or_null(_int),
        parts=_list,
        committed=_or_null(_bool),
        error=_or_null(_str),
        rule=_or_null(_str),
    ),
    # the subject's processes, as their supervisor saw them. t_stop: when it was asked to stop (SIGTERM), null if never
    "process": _table(
        instance=_int,
        incarnation=_int,
        pid=_int,
        t_start=_long,
        t_ready=_or_null(_long),
        t_stop=_or_null(_long),
        t_end=_or_null(_long),
        exit=_or_null(_int),
        cause=_or_null(_str),
    ),
    # what was broken. target: as the plan says it; node, instance: whom that was; parameters: the action's, as JSON;
    # moment: the trigger; t_effect: from when it was broken, null if never; t_recovered: when the subject was seen to
    # go on with all instances, null if nobody waited for that, or in vain. evidence: a sentence; effective: it shows
    # that the fault took effect; tried_again: it did not, and the next row is of a second try; held: the transactions
    # that it says were open; given_up: the members that it says the group gave up
    "fault": _table(
        name=_or_null(_str),
        kind=_str,
        target=_str,
        node=_or_null(_int),
        instance=_or_null(_int),
        parameters=_str,
        moment=_str,
        t_from=_long,
        t_effect=_or_null(_long),
        t_to=_or_null(_long),
        t_recovered=_or_null(_long),
        evidence=_str,
        effective=_bool,
        tried_again=_bool,
        held=_list,
        given_up=_list,
    ),
    # log ends at the end, from the broker
    "ends": _table(topic=_str, part=_int, begin=_long, lso=_long, hw=_long),
}

# what may stand in a column of words; states are the coordinators' own, and not ours to list
WORDS: Mapping[str, Mapping[str, type[StrEnum]]] = {
    "sent": {"outcome": SendOutcome},
    "input": {"fate": Fate},
    "batch": {"control": Control},
    "read": {"isolation": Isolation, "phase": Phase},
    "wire": {"side": Side, "rule": Handling},
    "process": {"cause": Cause},
}

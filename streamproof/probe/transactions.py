"""Questions about transactions: what readers are given, and whose the offsets are."""

from streamproof.kafka.topics import READ_COMMITTED
from streamproof.probe.client import Client, must, seen
from streamproof.probe.members import commit_in_transaction, committed
from streamproof.probe.question import Answer, Question, question, saw, wrong

TRANSACTIONS = "transactions"
DEAD_S, ABORTED_S = 1.0, 25.0  # brokers look for dead transactions every 10 s, unless they are told otherwise
BOTH = (0, 1)


@question(TRANSACTIONS, right="given", lets_through=("lost",))
def commit_visible(client: Client) -> Answer:
    """Records of a committed transaction, to a reader that is read_committed"""
    who = client.init()
    client.write(who, 0)
    must(client.end(who, commit=True), "EndTxn")
    log = seen(lambda: client.read(READ_COMMITTED), lambda log: bool(log.shown))
    return saw(log.shown == [0], "given" if log.shown else "not given")


@question(
    TRANSACTIONS, right="in the log, and named as aborted, in each partition", lets_through=("aborted-read", "torn")
)
def abort_hidden(client: Client) -> Answer:
    """Records of an aborted transaction in two partitions, to a reader that is read_committed"""
    who = client.init()
    client.write(who, 0, *BOTH)
    must(client.end(who, commit=False), "EndTxn")
    for part in BOTH:
        if 0 not in client.settled(part).shown:
            return wrong(f"not in the log of partition {part}")
    given = [part for part in BOTH if client.read(READ_COMMITTED, part).shown]
    return saw(not given, f"given in partition {given[0]}" if given else "in the log, and named as aborted, in each")


@question(TRANSACTIONS, right="given at once", lets_through=("late",))
def uncommitted_shown(client: Client) -> Answer:
    """Records of an open transaction, to a reader that is read_uncommitted"""
    client.write(client.init(), 0)
    shown = client.read().shown
    return saw(shown == [0], "given at once" if shown else "not given")


@question(
    TRANSACTIONS,
    right="held back until it ends, then given",
    lets_through=("aborted-read", "reordered", "skipped-read"),
)
def open_held_back(client: Client) -> Answer:
    """A record behind an open transaction, to a reader that is read_committed"""
    who = client.init()
    client.write(who, 0)
    behind = int(client.produce(None).base_offset)
    open_log = client.read(READ_COMMITTED)
    if open_log.shown or open_log.last_stable > 0:
        return wrong(f"given at once; the last stable offset is {open_log.last_stable}, the transaction's first is 0")
    must(client.end(who, commit=True), "EndTxn")
    log = seen(lambda: client.read(READ_COMMITTED), lambda log: behind in log.shown)
    return saw(log.shown == [0, behind], "held back, then given" if behind in log.shown else "held back for ever")


@question(
    TRANSACTIONS,
    right="a marker for each behind its records, in order, with its producer and epoch",
    lets_through=("torn", "aborted-read"),
)
def markers_in_order(client: Client) -> Answer:
    """The control records of a transaction that is committed and of another that is aborted"""
    who = client.init()
    for sequence, commit in enumerate((True, False)):
        client.write(who, sequence)
        must(client.end(who, commit=commit), "EndTxn")
        client.settled()
    log = client.read()
    kinds = [batch.control for batch in log.batches]
    own = all(pid == who.pid and epoch >= who.epoch for _, pid, epoch in log.markers)
    told = "the log holds " + ", ".join("a record" if kind == "none" else f"the marker of {kind}" for kind in kinds)
    return saw(kinds == ["none", "commit", "none", "abort"] and own, told + ("" if own else ", of another producer"))


@question(TRANSACTIONS, right="the group's", lets_through=("duplicated",))
def offsets_committed(client: Client) -> Answer:
    """Offsets that were sent in a transaction, once it is committed"""
    who = client.init()
    must(client.add_offsets(who), "AddOffsetsToTxn")
    must(commit_in_transaction(client, who, 3), "TxnOffsetCommit")
    must(client.end(who, commit=True), "EndTxn")
    offset = seen(lambda: committed(client), lambda offset: offset >= 0)
    return saw(offset == 3, "the group's" if offset == 3 else f"not the group's: it has {offset}")  # noqa: PLR2004


@question(TRANSACTIONS, right="never the group's", lets_through=("lost", "commit-ahead"))
def offsets_aborted(client: Client) -> Answer:
    """Offsets that were sent in a transaction, before it ends and once it is aborted"""
    who = client.init()
    must(client.add_offsets(who), "AddOffsetsToTxn")
    must(commit_in_transaction(client, who, 5), "TxnOffsetCommit")
    if (offset := committed(client)) >= 0:
        return wrong(f"the group's before the transaction ends: {offset}")
    must(client.end(who, commit=False), "EndTxn")
    # a second transaction of the same producer begins when the first is over
    must(client.add_offsets(who), "AddOffsetsToTxn")
    offset = committed(client)
    return saw(offset < 0, "never the group's" if offset < 0 else f"the group's after the abort: {offset}")


@question(TRANSACTIONS, right="aborted by its coordinator", lets_through=("hanging-transaction", "late"))
def dead_aborted(client: Client) -> Answer:
    """A transaction whose producer is silent for longer than its time-out of 1 s"""
    client.write(client.init(timeout_s=DEAD_S), 0)
    log = seen(client.read, lambda log: bool(log.markers), ABORTED_S)
    told = f"ended by {log.markers[0][0]}" if log.markers else f"still open after {ABORTED_S:.0f} s"
    return saw([kind for kind, *_ in log.markers] == ["abort"], told)


ALL: tuple[Question, ...] = (
    commit_visible, abort_hidden, uncommitted_shown, open_held_back, markers_in_order, offsets_committed,
    offsets_aborted, dead_aborted,
)  # fmt: skip

"""Questions about fencing: what a producer may still do whose transactional id another has taken over."""

from kio.schema.errors import ErrorCode

from streamproof.kafka import requests
from streamproof.probe.client import Client, Identity, must
from streamproof.probe.members import commit_in_transaction
from streamproof.probe.question import Answer, Question, named, question, refused, saw

FENCING = "fencing"
FENCED = frozenset({ErrorCode.invalid_producer_epoch, ErrorCode.producer_fenced})
BY = "INVALID_PRODUCER_EPOCH or PRODUCER_FENCED"
OUTSIDE = "INVALID_TXN_STATE"  # its transaction is aborted
RENEWING = 2  # the transaction.version from which on the end of a transaction gives its producer a new epoch
API_VERSIONS, END_TXN = (18, 3), (26, 5)  # each API, and the version that tells of features, or renews


def _replaced(client: Client) -> Identity:
    """A producer with an open transaction, after another has taken its transactional id."""
    old = client.init()
    client.write(old, 0)
    must(client.add_offsets(old), "AddOffsetsToTxn")
    client.init()
    return old


@question(FENCING, right="aborted when the second has its epoch", lets_through=("hanging-transaction", "duplicated"))
def predecessor_aborted(client: Client) -> Answer:
    """The open transaction of a producer, when InitProducerId gives its transactional id to a second"""
    old = _replaced(client)
    log = client.settled()
    ended = [kind for kind, pid, _ in log.markers if pid == old.pid]
    return saw(ended == ["abort"], f"ended by {', '.join(ended)}" if ended else "still open")


@question(FENCING, right=f"{BY}, or {OUTSIDE}", lets_through=("duplicated", "hanging-transaction"))
def old_epoch_produce(client: Client) -> Answer:
    """Produce of the producer that was replaced"""
    return refused(client.produce(_replaced(client), 1).error_code, FENCED | {ErrorCode.invalid_txn_state})


@question(FENCING, right=BY, lets_through=("duplicated", "hanging-transaction"))
def old_epoch_partitions(client: Client) -> Answer:
    """AddPartitionsToTxn of the producer that was replaced"""
    return refused(client.add_partitions(_replaced(client), 0), FENCED)


@question(FENCING, right=BY, lets_through=("duplicated", "commit-regression"))
def old_epoch_add_offsets(client: Client) -> Answer:
    """AddOffsetsToTxn of the producer that was replaced"""
    return refused(client.add_offsets(_replaced(client)), FENCED)


@question(FENCING, right=BY, lets_through=("duplicated", "commit-regression"))
def old_epoch_offsets(client: Client) -> Answer:
    """TxnOffsetCommit of the producer that was replaced, while its successor has a transaction with the group"""
    old = _replaced(client)
    heir = client.init()
    must(client.add_offsets(heir), "AddOffsetsToTxn")
    must(commit_in_transaction(client, heir, 3), "TxnOffsetCommit")
    return refused(commit_in_transaction(client, old, 1), FENCED)


@question(FENCING, right=BY, lets_through=("duplicated", "dual-ownership"))
def old_epoch_end(client: Client) -> Answer:
    """EndTxn (commit) of the producer that was replaced"""
    return refused(client.end(_replaced(client), commit=True), FENCED)


@question(FENCING, right=OUTSIDE, lets_through=("hanging-transaction", "torn"))
def outside_transaction(client: Client) -> Answer:
    """A transactional Produce to a partition that is in no transaction"""
    return refused(client.produce(client.init(), 0).error_code, {ErrorCode.invalid_txn_state})


@question(FENCING, right=BY, lets_through=("lost", "torn"))
def late_end(client: Client) -> Answer:
    """EndTxn again, late, while its producer's next transaction is open, as the newest clients say it (KAFKA-17754)"""
    version = _transaction_version(client)
    first = client.init()
    client.write(first, 0)
    if version >= RENEWING:
        code, second = client.end_renewed(first, commit=True)
        must(code, "EndTxn")
        client.write(second, 0)  # a new epoch counts from the beginning
        late, _ = client.end_renewed(first, commit=True)
    else:
        must(client.end(first, commit=True), "EndTxn")
        client.write(first, 1)
        late = client.end(first, commit=True)
    told = f"transaction.version is {version}" if version else "it has no transaction.version"
    return saw(late in FENCED, f"{named(late)}; {told}")


def _transaction_version(client: Client) -> int:
    """0 where the broker has no such feature, or does not know the requests that go with it."""
    _, address = requests.find_coordinator(client.bootstrap, requests.TRANSACTION, client.name)
    known = requests.api_versions(address)
    told = all(known.get(api, (0, 0))[1] >= needed for api, needed in (API_VERSIONS, END_TXN))
    return requests.features(address).get("transaction.version", 0) if told else 0


ALL: tuple[Question, ...] = (
    predecessor_aborted, old_epoch_produce, old_epoch_partitions, old_epoch_add_offsets, old_epoch_offsets,
    old_epoch_end, outside_transaction, late_end,
)  # fmt: skip

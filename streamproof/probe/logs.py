"""Questions about a partition's log, and what producers and readers without transactions may rely on."""

import datetime as dt

from kio.schema.errors import ErrorCode

from streamproof.probe.client import Client, must
from streamproof.probe.question import Answer, Question, named, question, refused, saw

IDEMPOTENCE, LOG = "idempotence", "log"
RECENT = dt.timedelta(days=1)  # beside the time of the record, which is 2001; clocks may differ


@question(IDEMPOTENCE, right="no second record", lets_through=("duplicated",))
def sequence_again(client: Client) -> Answer:
    """A batch of an idempotent producer, sent twice with the same sequence"""
    who = client.init(transactional=False)
    must(client.produce(who, 0).error_code, "Produce")
    code = client.produce(who, 0).error_code
    records = len(client.read().shown)
    return saw(records == 1, f"{named(code)}; the log holds it {'once' if records == 1 else f'{records} times'}")


@question(IDEMPOTENCE, right="OUT_OF_ORDER_SEQUENCE_NUMBER", lets_through=("lost", "reordered"))
def sequence_gap(client: Client) -> Answer:
    """A batch of an idempotent producer whose sequence leaves out that of the batch before"""
    who = client.init(transactional=False)
    must(client.produce(who, 0).error_code, "Produce")
    return refused(client.produce(who, 2).error_code, {ErrorCode.out_of_order_sequence_number})


@question(
    LOG,
    right="the broker's",
    lets_through=("commit-ahead",),
    config={"message.timestamp.type": "LogAppendTime"},
)
def append_time(client: Client) -> Answer:
    """The time of a record in a topic whose message.timestamp.type is LogAppendTime"""
    must(client.produce(None).error_code, "Produce")
    (batch,) = client.read().batches
    at = dt.datetime.fromtimestamp(batch.t_append / 1e6, dt.UTC)
    own = abs(dt.datetime.now(dt.UTC) - at) < RECENT
    return saw(own, "the broker's" if own else f"the producer's, of {at:%Y}")


@question(LOG, right="OFFSET_OUT_OF_RANGE", lets_through=("skipped-read", "late"))
def beyond_end(client: Client) -> Answer:
    """Fetch from an offset far behind the end of the log"""
    must(client.produce(None).error_code, "Produce")
    return refused(client.fetch_error(1000), {ErrorCode.offset_out_of_range})


@question(LOG, right="UNKNOWN_TOPIC_OR_PARTITION", lets_through=("lost",))
def unknown_topic(client: Client) -> Answer:
    """Produce to a topic that is not there"""
    code = client.produce(None, topic=f"{client.name}-unknown").error_code
    return refused(code, {ErrorCode.unknown_topic_or_partition})


ALL: tuple[Question, ...] = (sequence_again, sequence_gap, append_time, beyond_end, unknown_topic)

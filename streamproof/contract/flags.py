"""The promises of a subject without a contract, from a few flags."""

from collections.abc import Sequence

from streamproof.contract.locators import LOCATED
from streamproof.contract.model import (
    KEY,
    TOPIC_NAME,
    Channel,
    Contract,
    DeadLetters,
    Input,
    Produces,
    is_topic_name,
)
from streamproof.errors import UsageError, did_you_mean
from streamproof.history.promise import Delivery, Isolation
from streamproof.serde.locators import IN_RECORDS, Locator


def contract_from_flags(
    *,
    input_topic: str,
    output_topics: Sequence[str],
    group: str,
    identity: str,
    promise: str = "exactly-once",
    ordered: bool = False,
    isolation: Isolation = Isolation.READ_COMMITTED,
    through: Sequence[str] = (),
    dead_letter_topic: str | None = None,
    output_identity: str | None = None,
    key: str = "key",
    sequence: str | None = None,
    partitions: int = 4,
) -> Contract:
    """A contract without a document, for `verify --run`; UsageError names the flag.

    Each input causes one record on each output topic, with its identity at `output_identity` (as in the input, if
    `None`). Channels are named as their topics.
    """
    options = [str(delivery) for delivery in Delivery]
    if promise not in options:
        raise UsageError(f'--promise: expected {", ".join(options)}, found "{promise}"{did_you_mean(promise, options)}')
    for flag, given in (("--input-topic", input_topic), ("--group", group)):
        if not given:
            raise UsageError(f"{flag}: expected a name, found nothing")
    topics = [input_topic, *output_topics, *through, *([dead_letter_topic] if dead_letter_topic else [])]
    for topic in topics:
        if not is_topic_name(topic):
            raise UsageError(f'--input-topic, --output-topic, --through: expected {TOPIC_NAME}, found "{topic}"')
    if double := next((topic for n, topic in enumerate(topics) if topic in topics[:n]), None):
        raise UsageError(f'--input-topic, --output-topic, --through: "{double}" is given twice')
    located = _flag_locator("--identity", identity)
    if ordered and located == KEY:
        raise UsageError("--ordered: with --identity key each key has one event, and no order; say --no-ordered")
    at_output = _flag_locator("--output-identity", output_identity) if output_identity else located
    dead = Channel(dead_letter_topic, dead_letter_topic, partitions) if dead_letter_topic else None
    return Contract(
        name="verify",
        source=None,
        group=group,
        input=Input(
            channel=Channel(input_topic, input_topic, partitions),
            identity=located,
            key=_flag_locator("--key", key),
            sequence=_flag_locator("--sequence", sequence) if sequence else None,
        ),
        delivery=Delivery(promise),
        ordered=ordered,
        isolation=isolation,
        produces=tuple(
            Produces(Channel(output_topic, output_topic, partitions), at_output) for output_topic in output_topics
        ),
        dead_letters=DeadLetters(dead, located) if dead else None,
        through=tuple(Channel(topic, topic, partitions) for topic in through),
    )


def _flag_locator(flag: str, text: str) -> Locator:
    try:
        found = Locator.parse(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error
    if found.kind not in IN_RECORDS:
        raise UsageError(f'{flag}: expected {LOCATED}, found "{text}"')
    return found

"""Our extensions of an AsyncAPI document: whose they are, what they are called, and what may stand there.

`asyncapi.py` reads them by these names, and tells the line of a mistake; editors read the JSON Schema that is made of
these models (`streamproof/make_schemas.py`).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streamproof.compat import Level
from streamproof.contract.locators import IN_COLUMN, LOCATED
from streamproof.history.promise import Delivery, Isolation, Part
from streamproof.serde.formats import FORMATS
from streamproof.serde.partitioners import PARTITIONERS

_RECORD = rf"key|header:.+|json:/.*|(?:{'|'.join(FORMATS)}):.+"
Located = Annotated[str, Field(pattern=f"^(?:{_RECORD})$", description=LOCATED)]
LocatedAnywhere = Annotated[
    str, Field(pattern=f"^(?:{_RECORD}|column:.+)$", description=f"{LOCATED}; of a query, {IN_COLUMN}")
]
ChannelName = Annotated[str, Field(description="the name of a channel")]


class _Written(BaseModel):
    """`names()` are as the document writes them, with hyphens."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(str(field.alias) for field in cls.model_fields.values())


FieldName = Annotated[str, Field(min_length=1, description="a field of the value, key, header:NAME, or a column")]


class ExpectExtension(_Written):
    """What fields of an effect must hold, as a function says."""

    by: str = Field(pattern=r"\.py:\w+$", description="a function, FILE.py:NAME, in a file beside the contract")
    fields: tuple[FieldName, ...]


class HoldsExtension(_Written):
    """What each effect must hold, by its input."""

    echo: tuple[FieldName | dict[str, FieldName], ...] | None = Field(
        default=None, description="fields that hold what the input's hold: [key, amount, { total: amount }]"
    )
    expect: ExpectExtension | None = None
    partitioner: Literal[*PARTITIONERS] | None = Field(  # type: ignore[valid-type]  # the names are there at run time
        default=None, description="gives the partition by the record's key"
    )


class ProducesExtension(HoldsExtension):
    """What each input causes on a channel."""

    channel: ChannelName
    per_input: int = Field(default=1, ge=0, description="how many")
    identity: LocatedAnywhere


HeaderName = Annotated[str, Field(min_length=1, description="the name of a header")]


class DeadLettersExtension(_Written):
    """Where poison goes."""

    channel: ChannelName
    identity: Located | None = Field(default=None, description=f"{LOCATED}; as in the input, where it is left out")
    max_attempts: int | None = Field(default=None, ge=1, description="how often an input is tried at most")
    attempts: HeaderName | None = Field(default=None, description="the header of a letter that tells how often")
    keeps: tuple[Part, ...] | None = Field(default=None, description="what a letter has of its input, as it came")
    reasons: tuple[HeaderName, ...] | None = Field(default=None, description="the headers that say why it is there")


class WithinExtension(_Written):
    """How soon something is done."""

    within: str = Field(pattern="^P", description="an ISO 8601 duration, such as PT5S")


class _Part(_Written):
    """A part of the document: beside our extensions it holds what AsyncAPI says."""

    model_config = ConfigDict(extra="allow")


class OperationPart(_Part):
    x_delivery: Delivery | None = Field(default=None, description="what is promised")
    x_group: Literal["consumer", "share"] | None = Field(
        default=None, description="share: its members share partitions, and acknowledge each record (KIP-932)"
    )
    x_order: Literal["key", "none"] | None = Field(
        default=None, description="key: effects of one key come in the order of its inputs"
    )
    x_isolation: Isolation | None = Field(default=None, description="how it reads; read_committed where left out")
    x_identity: Located | None = Field(default=None, description=f"an input's id, {LOCATED}")
    x_key: Located | None = Field(default=None, description=f"an input's key, {LOCATED}")
    x_sequence: Located | None = Field(default=None, description=f"an input's number within its key, {LOCATED}")
    x_produces: tuple[ProducesExtension, ...] | None = Field(default=None, description="what each input causes")
    x_sends: HoldsExtension | None = Field(default=None, description="what is sent of each input, by who sends it")
    x_dead_letters: DeadLettersExtension | None = None
    x_recovery: WithinExtension | None = Field(
        default=None, description="how soon each partition goes on when a fault is over"
    )
    x_close: WithinExtension | None = Field(
        default=None, description="how soon an instance ends when it is asked to stop"
    )
    x_through: tuple[ChannelName, ...] | None = Field(
        default=None, description="topics of its own that inputs go through, from one of its stages to the next"
    )


class MessagePart(_Part):
    x_compatibility: Level | None = Field(default=None, description="the level that its versions keep")


class ChannelPart(_Part):
    x_query: str | None = Field(
        default=None, min_length=1, description="a SQL query, whose rows the channel is, instead of a topic"
    )
    messages: dict[str, MessagePart] | None = None


class ComponentsPart(_Part):
    channels: dict[str, ChannelPart] | None = None
    operations: dict[str, OperationPart] | None = None
    messages: dict[str, MessagePart] | None = None


class DocumentPart(_Part):
    """An AsyncAPI 3 document: where our extensions of it stand. The rest of it is AsyncAPI's own."""

    asyncapi: str = Field(pattern=r"^3\.", description="a version 3.x.y")
    channels: dict[str, ChannelPart]
    operations: dict[str, OperationPart]
    components: ComponentsPart | None = None


OWNERS: dict[str, type[_Part]] = {"a channel": ChannelPart, "an operation": OperationPart, "a message": MessagePart}
# whose each is
EXTENSIONS = {name: owner for owner, part in OWNERS.items() for name in part.names() if name.startswith("x-")}

"""Order events: what makes a record an event, what it causes, and what is poison. Knows no Kafka client."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

TRACE = ("traceparent", "tracestate")
LONGEST_TRACE = 512  # as W3C has it
Header = tuple[str, str | bytes | None]
Headers = list[Header]
Identifier = Annotated[str, Field(min_length=1, max_length=64)]


def _whole(value: object) -> object:
    """In JSON, 5.0 is an integer too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Counted = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_whole)]  # as a database counts
Event = TypeVar("Event", bound=BaseModel)
Status = Literal["awaiting-payment", "in-progress", "ready", "in-transit", "completed", "cancelled"]
Encode = Callable[[str, Mapping[str, Any]], bytes]  # from a schema's name and a record
EventType = Literal["placed", "paid", "packed", "shipped", "delivered", "cancelled"]


TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z"


class OrderEvent(BaseModel):
    """The same rules as contracts/schemas/order-event.json; unknown fields are a newer producer's, and let be."""

    model_config = ConfigDict(frozen=True, strict=True)

    event_id: Identifier
    order_id: Identifier
    sequence: Counted
    type: EventType
    amount: Counted
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    occurred_at: Annotated[str, Field(pattern=f"^{TIME}$")]


class OrderState(BaseModel):
    """What the forwarder says of an order; the same rules as contracts/schemas/order-processed.json."""

    model_config = ConfigDict(frozen=True, strict=True)

    event_id: Identifier
    order_id: Identifier
    sequence: Counted
    status: Status
    amount: Counted
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    occurred_at: str


class UserEvent(BaseModel):
    """Something that a user did in the web application; the same rules as contracts/schemas/user-event.json."""

    model_config = ConfigDict(frozen=True, strict=True)

    event_id: Identifier
    user_id: Identifier
    sequence: Counted
    type: Literal["signed-in", "viewed", "searched", "bought", "signed-out"]
    page: Annotated[str, Field(max_length=2000)]
    occurred_at: str


class PoisonError(ValueError):
    """A record that is no event, and never will be. `reason` is a word of the contract's, `detail` for a human."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Result(NamedTuple):  # made for each record: a frozen dataclass takes three times as long
    """A record to be sent."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True)
class Record:
    """A record that was read. `timestamp` in milliseconds since the epoch, as it came: it may be any number."""

    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)
    place: tuple[str, int, int] = ("", 0, 0)  # topic, partition, offset
    timestamp: int = -1

    @property
    def offset(self) -> int:
        return self.place[2]

    @property
    def size(self) -> int:
        """In bytes: key, value and headers."""
        parts = [self.key, self.value, *itertools.chain(*self.headers)]
        return sum(len(part) for part in parts if part is not None)


def parse(value: bytes | None) -> OrderEvent:
    """The order event in a record's value; PoisonError where there is none."""
    return parse_as(OrderEvent, value)


def parse_as(model: type[Event], value: bytes | None) -> Event:
    """A record's value as a `model`; PoisonError when it is not valid."""
    if value is None:
        raise PoisonError("not-json", "the record has no value")
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid" or not _is_json(value):
        raise PoisonError("not-json", first["msg"])
    raise _invalid(first)


def validated(model: type[Event], record: Any) -> Event:
    """A decoded value as a `model`; PoisonError when it is not valid."""
    try:
        return model.model_validate(record)
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False, include_input=False)[0]) from error


def _invalid(first: Mapping[str, Any]) -> PoisonError:
    where = ".".join(str(part) for part in first["loc"]) or "the value"
    return PoisonError("invalid-event", f"{where}: {first['msg']}")


def _is_json(value: bytes) -> bool:
    try:
        from_json(value)
    except ValueError:
        return False
    return True


def as_json(_schema: str, record: Mapping[str, Any]) -> bytes:
    """JSON, of any schema; three times as fast as `json` writes it."""
    return to_json(record)


STATUS: dict[EventType, Status] = {
    "placed": "awaiting-payment",
    "paid": "in-progress",
    "packed": "ready",
    "shipped": "in-transit",
    "delivered": "completed",
    "cancelled": "cancelled",
}
TEXT: dict[EventType, str] = {
    "placed": "thank you, it is on {amount}.",
    "paid": "we have received your payment of {amount}.",
    "packed": "it is packed.",
    "shipped": "it is on its way.",
    "delivered": "it has arrived.",
    "cancelled": "it is cancelled, and {amount} will be returned.",
}


def trace_of(headers: Iterable[Header]) -> Headers:
    """The headers that say which trace a record, or a request, belongs to (W3C's), to be passed on with what it causes.

    What is too long for such a header is none: whoever asks over HTTP could send anything.
    """
    return [(name, value) for name, value in headers if name in TRACE and len(value or b"") <= LONGEST_TRACE]


def processed(event: OrderEvent, encode: Encode = as_json, trace: Sequence[Header] = ()) -> Result:
    """The order's new state, traced to the event by its value and a header; `trace`: the event's own headers of it."""
    value: dict[str, str | int] = {
        "event_id": event.event_id,
        "order_id": event.order_id,
        "sequence": event.sequence,
        "status": STATUS[event.type],
        "amount": event.amount,
        "currency": event.currency,
        "occurred_at": event.occurred_at,
    }
    return _result(event, encode("order-processed", value), trace)


def notification(event: OrderEvent, encode: Encode = as_json, trace: Sequence[Header] = ()) -> Result:
    """What the customer is told, traced to the event by a header alone."""
    amount = f"{event.amount // 100}.{event.amount % 100:02} {event.currency}"
    text = f"Order {event.order_id}: {TEXT[event.type].format(amount=amount)}"
    return _result(event, encode("order-notification", {"order_id": event.order_id, "text": text}), trace)


def _result(event: OrderEvent, value: bytes, trace: Sequence[Header]) -> Result:
    return Result(event.order_id.encode(), value, [("event-id", event.event_id.encode()), *trace])

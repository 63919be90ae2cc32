"""A contract as frozen values, read from an AsyncAPI document or from a few flags."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.history.promise import Delivery, Isolation, Part
from streamproof.serde.formats import Schema
from streamproof.serde.locators import Locator

Oracle = Callable[[Any], Mapping[str, Any]]
KEY = Locator("key")
TOPIC_NAME = "a topic's name: up to 249 letters, digits, ., - and _"


def is_topic_name(text: str) -> bool:
    """Whether a broker takes it for the name of a topic."""
    return bool(re.fullmatch(r"[\w.-]{1,249}", text, re.ASCII)) and text not in {".", ".."}


@dataclass(frozen=True)
class Payload:
    """What the values of a topic hold. Without an `encoding` they are JSON, and no registry has their schema.

    `json_schema` tells what JSON the values are, or are encoded from; `None` where nothing is known, or no JSON can be
    encoded. `encoding` is the schema that a registry keeps.
    """

    json_schema: Mapping[str, Any] | None = None
    encoding: Schema | None = None


@dataclass(frozen=True)
class Channel:
    """A topic, or a SQL `query`, which has no topic.

    `examples`: whole payloads; `headers`: each example's headers; `headers_schema`: what its message says of headers.
    """

    name: str
    topic: str
    query: str | None = field(default=None, kw_only=True)
    partitions: int = 4
    config: Mapping[str, str] = field(default_factory=dict)
    payload: Payload = Payload()
    examples: tuple[Mapping[str, Any], ...] = ()
    headers: tuple[Mapping[str, str], ...] = ()
    headers_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Field:
    """A field of an effect, `name` as the contract writes it.

    `source`: where its input holds the same, in JSON; None: the oracle says what it must hold.
    """

    name: str
    place: Locator
    source: Locator | None


@dataclass(frozen=True)
class Holds:
    """What each effect on a channel must hold, by its input; of all else nothing is said.

    `fields`: the record's key first, if it is among them. `oracle`: gives what fields must hold, by their names, for a
    record that has `key`, `value` and `headers`. `partitioner`: by its name, which gives a record's partition by its
    key.
    """

    fields: tuple[Field, ...] = ()
    oracle: Oracle | None = field(default=None, compare=False)
    partitioner: str | None = None


NOTHING = Holds()


@dataclass(frozen=True)
class Produces:
    """What each processed input causes on one channel. `per_input` exact."""

    channel: Channel
    identity: Locator
    per_input: int = 1
    holds: Holds = NOTHING


@dataclass(frozen=True)
class DeadLetters:
    """Where poison goes. A letter `keeps` these parts of its input as they came, and has the headers `reasons`.

    `attempts`: the header that tells how often its input was tried, which is `max_attempts` times at most.
    """

    channel: Channel
    identity: Locator
    max_attempts: int | None = None
    keeps: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()
    attempts: str | None = None


@dataclass(frozen=True)
class Input:
    """The channel that is consumed. `identity` locates an input's id, `key` its key, `sequence` its place within it."""

    channel: Channel
    identity: Locator
    key: Locator = KEY
    sequence: Locator | None = None


@dataclass(frozen=True)
class Contract:
    """The promises of one operation: of a consumer group that receives, or of a subject that `sends` what it is told.

    For a subject that sends, `group` is the operation's name, `input` is what the subject is told, and `produces` has
    the only channel that it sends on. `through`: topics of its own that inputs go through.
    `shared`: its group is a share group.
    """

    name: str
    source: Path | None  # None: made from flags
    group: str
    input: Input
    delivery: Delivery
    ordered: bool
    isolation: Isolation = field(default=Isolation.READ_COMMITTED, kw_only=True)
    produces: tuple[Produces, ...]
    dead_letters: DeadLetters | None = None
    recovery_ms: int | None = None
    close_ms: int | None = None
    sends: bool = False
    through: tuple[Channel, ...] = ()
    shared: bool = False

    @property
    def unjudged(self) -> tuple[str, ...]:
        """What it promises that no check judges, each in words."""
        untold = self.dead_letters and self.dead_letters.max_attempts and not self.dead_letters.attempts
        return ("max-attempts of dead letters, without the header that tells them (attempts)",) if untold else ()

    def topics(self) -> tuple[Channel, ...]:
        """All channels that are topics, the input's first, hops last."""
        found = [] if self.sends else [self.input.channel]
        found += [p.channel for p in self.produces if p.channel.query is None]
        if self.dead_letters:
            found.append(self.dead_letters.channel)
        return (*found, *self.through)

    @property
    def needs_registry(self) -> bool:
        """Whether a payload is written in a schema that a registry keeps."""
        return any(topic.payload.encoding is not None for topic in self.topics())

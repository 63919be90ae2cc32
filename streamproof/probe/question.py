"""A question to a broker: what is asked, what a right Kafka answers, and what a wrong answer lets through."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from kio.schema.errors import ErrorCode

from streamproof.probe.client import Client


class Sign(StrEnum):
    """What an answer is; ABSENT: the broker does not offer what is asked about, and promises nothing by it."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    ABSENT = "absent"


class Answer(NamedTuple):
    """Whether a broker's answer is right, and what it was."""

    sign: Sign
    told: str


@dataclass(frozen=True)
class Question:
    """`lets_through`: the anomalies that a broker which answers wrongly brings about, or hides.

    `optional`: a broker need not offer it. `config`: of the topic in which it is asked.
    """

    name: str
    about: str
    asked: str
    right: str
    lets_through: tuple[str, ...]
    ask: Callable[[Client], Answer]
    optional: bool = False
    config: Mapping[str, str] = field(default_factory=dict)


def question(
    about: str,
    *,
    right: str,
    lets_through: tuple[str, ...],
    optional: bool = False,
    config: Mapping[str, str] | None = None,
) -> Callable[[Callable[[Client], Answer]], Question]:
    """Makes a question of a function: its name is the question's, its docstring says what is asked."""

    def make(ask: Callable[[Client], Answer]) -> Question:
        name = ask.__name__.replace("_", "-")
        asked = " ".join((ask.__doc__ or "").split())
        return Question(name, about, asked, right, lets_through, ask, optional, config or {})

    return make


def saw(right: bool, told: str) -> Answer:  # noqa: FBT001 - it reads as a sentence
    """An answer that is right or wrong."""
    return Answer(Sign.RIGHT if right else Sign.WRONG, told)


def wrong(told: str) -> Answer:
    return Answer(Sign.WRONG, told)


def refused(code: ErrorCode, by: Iterable[ErrorCode]) -> Answer:
    """What was asked must be refused, by one of these errors."""
    return saw(code in frozenset(by), named(code))


def named(code: ErrorCode) -> str:
    """A broker's answer as Kafka's documentation names it."""
    return "accepted" if code is ErrorCode.none else code.name.upper()

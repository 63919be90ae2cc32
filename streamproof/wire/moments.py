"""A moment: a request on its way to a broker, or the answer to it on its way back."""

import re
from dataclasses import dataclass
from typing import Self

from streamproof.errors import UsageError, did_you_mean
from streamproof.history.terms import Side
from streamproof.wire.codec import APIS
from streamproof.wire.rules import Deed, Hold
from streamproof.wire.sightings import Sighting
from streamproof.words import ordinal

FORM = "API/request or API/response, such as EndTxn/request or EndTxn-commit/response"
ABOUT = {"EndTxn": ("commit", "abort"), "FindCoordinator": ("group", "transaction")}  # what tells two kinds apart


def about_of(api: str, *, committed: bool | None, tid: str | None) -> str | None:
    """Which of two kinds a request, or its answer, is of; None of an API that has a single kind."""
    if api not in ABOUT:
        return None
    return ABOUT[api][not committed if api == "EndTxn" else tid is not None]


@dataclass(frozen=True)
class Moment:
    """The `nth` request to an API, or answer to it, counted from when it is waited for.

    `about`: "commit" or "abort" of an EndTxn, "group" or "transaction" of a FindCoordinator; None for either.
    UsageError for what there is not.
    """

    api: str
    side: Side = Side.REQUEST
    about: str | None = None
    nth: int = 1

    def __post_init__(self) -> None:
        if self.api not in APIS.values():
            raise UsageError(f'"{self.name}": Kafka has no API {self.api}{did_you_mean(self.api, APIS.values())}')
        if self.about is not None and self.about not in (kinds := ABOUT.get(self.api, ())):
            there = f"an {self.api} is of {' or '.join(kinds)}" if kinds else f"{self.api} has a single kind"
            raise UsageError(f'"{self.name}": {there}; write {FORM}')
        if self.nth < 1:
            raise UsageError(f"{self.name}: nth is {self.nth}; give a whole number of at least 1")

    @classmethod
    def parse(cls, text: str, nth: int = 1) -> Self:
        """The moment that `name` wrote; UsageError for a text that is none."""
        found = re.fullmatch(r"(\w+?)(?:-(\w+))?/(request|response)", text)
        if not found:
            raise UsageError(f'"{text}" is no moment; write {FORM}')
        return cls(found[1], Side(found[3]), found[2], nth)

    @property
    def name(self) -> str:
        """Without its number: `EndTxn-commit/request`."""
        return f"{self.api}{f'-{self.about}' if self.about else ''}/{self.side}"

    def __str__(self) -> str:
        what = f"{ordinal(self.nth)} {self.api}{f' ({self.about})' if self.about else ''}"
        return f"before its {what} reached a broker" if self.side is Side.REQUEST else f"as its {what} was answered"

    def matches(self, sighting: Sighting) -> bool:
        """Whether this is of the kind, whatever its number."""
        if sighting.api != self.api or sighting.side is not self.side:
            return False
        said = sighting.content
        return self.about in {None, about_of(self.api, committed=said.committed, tid=said.tid)}


class Await:
    """A rule: when an instance comes to a moment, what it sends, or is answered, is held.

    `since`: the first of its incarnations that counts.
    """

    def __init__(self, moment: Moment, instance: int, hold: Hold, *, since: int = 1) -> None:
        self._moment, self._instance, self._hold, self._since = moment, instance, hold, since
        self._seen = 0

    def __call__(self, sighting: Sighting, /) -> Deed | None:
        mine = sighting.instance == self._instance and sighting.incarnation >= self._since
        if not (mine and self._moment.matches(sighting)):
            return None
        self._seen += 1
        return self._hold if self._seen == self._moment.nth else None

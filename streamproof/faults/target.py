"""What faults are aimed at: each kind of target, and how a plan writes it."""

import re
from dataclasses import dataclass

_PLACES = {"N": r"[1-9]\d*", "CHANNEL": ".+"}


@dataclass(frozen=True)
class Target:
    """One kind of target. `forms`: how it may be written, with N for a number from 1, and CHANNEL for a name."""

    name: str
    forms: tuple[str, ...]

    def takes(self, text: str) -> bool:
        """Whether `text` is written in one of the forms. Whether there is such a one is another question."""
        patterns = (re.sub("[A-Z]+", lambda place: _PLACES[place[0]], form) for form in self.forms)
        return any(re.fullmatch(pattern, text) for pattern in patterns)


GROUP_COORDINATOR = "broker:group-coordinator"
ROLES = ("broker:leader", GROUP_COORDINATOR, "broker:transaction-coordinator")

INSTANCE = Target("instance of the subject", ("instance:N",))
NEW_INSTANCE = Target("instance that there is not yet", ("instance:N",))
BROKER = Target("broker", ("broker:N", *ROLES))
DATABASE = Target("SQLite database of the subject", ("database:CHANNEL",))

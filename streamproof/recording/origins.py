"""Whether effects tell whose they are. If none does, an identity is looked for where it does not lie."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from streamproof.serde.locators import Locator

ENOUGH = 100  # effects, none of which is an input's: more will be the same


@dataclass
class Origins:
    """Of the effects in one topic, or of one query: how many there are, with an id, and with the id of an input.

    `example`: an id that is no input's.
    """

    place: str
    identity: Locator
    count: int = 0
    named: int = 0
    known: int = 0
    example: str = ""

    def add(self, ids: Iterable[str | None], inputs: Container[str]) -> None:
        """Count effects by their ids. `inputs`: those of all inputs, also of those that are still to be sent."""
        for name in ids:
            self.count += 1
            if name is not None:
                self.named += 1
                if name in inputs:
                    self.known += 1
                elif not self.example:
                    self.example = name

    def mistake(self, at_least: int) -> str | None:
        """A sentence where not one of `at_least` effects is an input's; else None."""
        if self.known or self.count < at_least:
            return None
        found = f'the id of an input: there lies "{self.example}", for example' if self.named else "an id"
        return (
            f"none of the {self.count:,} effects on {self.place} has at {self.identity} {found}; say where the id of "
            "its input lies in an effect: by --identity, or by identity in the contract (x-produces, x-dead-letters)"
        )

"""The families of mutants, and a mutant by its name, without the families that come after its own.

What runs as a subject is started again and again: those that need a database, which is slow to import, come last.
"""

from collections.abc import Iterator
from importlib import import_module

from mutants.mutant import Mutant
from pipeline.errors import SettingsError

FAMILIES = (
    "transactions",
    "zombies",
    "reading",
    "values",
    "letters",
    "liveness",
    "lying",
    "producers",
    "consumers",
    "parallel",
)


def mutants_of(family: str) -> Iterator[Mutant]:
    yield from import_module(f"mutants.{family}").MUTANTS


def twins_of(family: str) -> Iterator[Mutant]:
    yield from getattr(import_module(f"mutants.{family}"), "CLEAN", ())


def find(name: str) -> Mutant:
    """The mutant, or the clean twin, of this name; SettingsError where there is none."""
    for family in FAMILIES:
        for mutant in (*mutants_of(family), *twins_of(family)):
            if mutant.name == name:
                return mutant
    raise SettingsError(f"there is no mutant {name}; `python -m mutants --list` tells which there are")

"""Everything that a project has written, checked without a broker: each subject as a dry run would check it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from streamproof.config.file import read_config
from streamproof.engine.dry_run import dry_run
from streamproof.engine.request import Request
from streamproof.errors import StreamproofError
from streamproof.history.promise import Promise

EVENTS = 100  # enough to see whether the contract's schema allows any


class CheckedSubject(BaseModel):
    """What is known of a subject before a run. `promise`: None, and `error` a sentence, where something is wrong.

    `hints`: what looks like a mistake, and may be none, each a sentence.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    contract: str
    promise: Promise | None
    error: str | None
    hints: tuple[str, ...] = ()


class Validation(BaseModel):
    """All subjects of a `streamproof.toml`, in its order, each with the plan of faults that was given."""

    model_config = ConfigDict(frozen=True)

    config: str
    subjects: tuple[CheckedSubject, ...]

    @property
    def valid(self) -> bool:
        return all(subject.error is None for subject in self.subjects)


def validate(config: Path, *, subject: str | None, faults: str, directory: Path) -> Validation:
    """Check all subjects of `config`, or a single `subject`. UsageError where the file itself is wrong.

    `faults`: as `verify` takes them. `directory`: where a run would be kept.
    """
    declared = read_config(config)
    chosen = [declared.subject(subject)] if subject or not declared.subjects else [*declared.subjects.values()]

    def checked(name: str, contract: Path) -> CheckedSubject:
        request = Request(directory=directory, config=config, subject=name, faults=faults, events=EVENTS, seed=1)
        try:
            foreseen = dry_run(request)
        except StreamproofError as wrong:
            return CheckedSubject(subject=name, contract=str(contract), promise=None, error=str(wrong))
        return CheckedSubject(
            subject=name, contract=str(contract), promise=foreseen.promise, error=None, hints=foreseen.hints
        )

    return Validation(config=str(config), subjects=tuple(checked(one.name, one.contract) for one in chosen))

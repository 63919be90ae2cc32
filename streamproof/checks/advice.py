"""What to change so that a run shows more: named in braces by a query, told in the words of whoever started the run."""

from collections.abc import Mapping

# of the command, which has flags
FLAGS: Mapping[str, str] = {
    "{events}": "--events",
    "{kill}": "--faults default, or kill-in-flight@instance:1",
    "{pause}": "--faults default, or pause-beyond-session@instance:1",
}
# of a test, a feature or a script
PYTHON: Mapping[str, str] = {
    "{events}": "records",
    "{kill}": "run.inject(Fault(Kill(), Instance(1), InFlight(Progress(0.3)))), or the step "
    '"When instance 1 is killed inside its cycle"',
    "{pause}": "run.inject(Fault(PauseBeyondSession(), Instance(1), InFlight(Progress(0.3)))), or the step "
    '"When instance 1 is paused beyond its session"',
}


def in_words(advice: str, *, again: str | None) -> str:
    """The advice with what it names; `again`: the command that repeats the run, which may be a test's."""
    for name, words in (FLAGS if (again or "").startswith("streamproof ") else PYTHON).items():
        advice = advice.replace(name, words)
    return advice

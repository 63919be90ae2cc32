"""What to change so that a run shows more: named in braces by a query, told in the words of whoever started the run."""

from collections.abc import Mapping

# of the command, which has flags
FLAGS: Mapping[str, str] = {
    "{events}": "--events",
    "{kill}": "--faults default, or kill-in-flight@instance:1",
    "{pause}": "--faults default, or pause-beyond-session@instance:1",
}
# of a test or a script
PYTHON: Mapping[str, str] = {
    "{events}": "records=",
    "{kill}": "run.inject(Fault(Kill(), Instance(1), InFlight(Progress(0.3))))",
    "{pause}": "run.inject(Fault(PauseBeyondSession(), Instance(1), InFlight(Progress(0.3))))",
}


def in_words(advice: str, *, of_command: bool) -> str:
    """The advice with what it names; `of_command`: whether a command repeats the run."""
    for name, words in (FLAGS if of_command else PYTHON).items():
        advice = advice.replace(name, words)
    return advice

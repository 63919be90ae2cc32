"""The terms in which a history speaks: what may stand in its columns of words."""

from enum import StrEnum


class SendOutcome(StrEnum):
    """How an operation ended. A time-out is unknown: it may have happened, at most once for each attempt."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Fate(StrEnum):
    """What should become of an input."""

    PROCESS = "process"
    POISON = "poison"  # must be dead-lettered
    FILTER = "filter"  # must have no effect
    ABORT = "abort"  # sent inside an upstream transaction that is then aborted


class Cause(StrEnum):
    """Why a process of the subject ended."""

    STOPPED = "stopped"  # asked to, by SIGTERM
    KILLED = "killed"  # by a fault, or when it did not stop in time
    EXITED = "exited"  # on its own


class Control(StrEnum):
    """What a batch holds: data, or the marker of a transaction's end."""

    NONE = "none"
    COMMIT = "commit"
    ABORT = "abort"


class Phase(StrEnum):
    """When something was read."""

    DURING = "during"  # while the run went on
    FINAL = "final"  # to the end, when all was quiet


class Side(StrEnum):
    """What the proxy saw: a request on its way to a broker, or a broker's answer on its way back."""

    REQUEST = "request"
    RESPONSE = "response"


class Handling(StrEnum):
    """What the proxy did with a request or an answer, other than to pass it on."""

    HELD = "held"  # back, and then passed on
    DROPPED = "dropped"  # held back, and lost with its connection
    REFUSED = "refused"  # answered with an error in the broker's place, which never got it
    CHANGED = "changed"  # another went on in its place
    CUT = "cut"  # its connection was ended before it went on

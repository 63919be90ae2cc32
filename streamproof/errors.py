"""Every error that a user can cause or meet, as one tree.

StreamproofError               one sentence: what, where, what to do; the command exits with 2
├── UsageError                 a flag, or streamproof.toml
├── ContractError              the AsyncAPI document: file, line and path
├── SchemaError                a schema that is none
├── ArtifactError              a jar or a Java runtime: missing, altered, too old
├── ClusterError               a cluster that does not start, or cannot be reached
│   └── UnsupportedByCluster   what this kind of cluster cannot do (an existing cluster cannot be killed)
├── RegistryError              a schema registry: does not start, is none, or refuses a schema
│   └── RegistryUnreachable    a registry that does not answer
├── SubjectError               the processes under test: exited, never ready, never read
├── HistoryError               a recorded history that is incomplete or cannot be read
├── ReportError                the report's generator: missing, or failed
└── OutputError                standard output or error: full, or read by nobody any more

What a test asks of a verdict, and does not get, is an AssertionError, so that a test fails by it and is not broken:

VerdictError                   an AssertionError; one sentence or several
├── PromiseViolated            a witness of what the promise excludes
└── Unproven                   the run did not show enough
"""

import difflib
from collections.abc import Iterable


class StreamproofError(Exception):
    """Base of all; `str(error)` is the sentence that the user reads."""


class UsageError(StreamproofError):
    pass


class ContractError(StreamproofError):
    pass


class SchemaError(StreamproofError):
    pass


class ArtifactError(StreamproofError):
    pass


class ClusterError(StreamproofError):
    pass


class UnsupportedByCluster(ClusterError):  # noqa: N818 - reads as a sentence where it is raised
    pass


class RegistryError(StreamproofError):
    pass


class RegistryUnreachable(RegistryError):  # noqa: N818 - reads as a sentence where it is raised
    pass


class SubjectError(StreamproofError):
    pass


class HistoryError(StreamproofError):
    pass


class ReportError(StreamproofError):
    pass


class OutputError(StreamproofError):
    """`unread`: whoever read it has gone, as `head` does, so there is nobody to tell."""

    def __init__(self, sentence: str, *, unread: bool) -> None:
        super().__init__(sentence)
        self.unread = unread


class VerdictError(AssertionError):
    """Base of the two; `str(error)` is what the user reads."""


class PromiseViolated(VerdictError):  # noqa: N818 - reads as a sentence where it is raised
    pass


class Unproven(VerdictError):  # noqa: N818 - reads as a sentence where it is raised
    pass


def unreadable(error: OSError | UnicodeError) -> str:
    """Why a text could not be read from a file, as a clause."""
    return (isinstance(error, OSError) and error.strerror) or "it is no UTF-8 text"


def did_you_mean(word: str, options: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`" (did you mean "…"?)"` when one of `options` is close to `word`, else nothing."""
    close = difflib.get_close_matches(word, [str(option) for option in options], n=1, cutoff=cutoff)
    return f' (did you mean "{close[0]}"?)' if close else ""

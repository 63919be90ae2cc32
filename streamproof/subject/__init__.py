"""The processes under test: a command, started, killed, paused and stopped. Nothing else of it is known."""

from streamproof.subject.keeper import Instance, Keeper
from streamproof.subject.spec import Ready, SubjectSpec

__all__ = ["Instance", "Keeper", "Ready", "SubjectSpec"]

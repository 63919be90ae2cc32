"""The processes under test: a command, started, killed, paused and stopped. Nothing else of it is known."""

from streamproof.subject.program import require_program
from streamproof.subject.spec import Ready, SubjectSpec
from streamproof.subject.supervisor import Instance, ProcessSupervisor

__all__ = ["Instance", "ProcessSupervisor", "Ready", "SubjectSpec", "require_program"]

"""The processes under test: a command, started, killed, paused and stopped. Nothing else of it is known."""

from streamproof.subject.spec import Ready, SubjectSpec
from streamproof.subject.supervisor import Instance, ProcessSupervisor, require_program

__all__ = ["Instance", "ProcessSupervisor", "Ready", "SubjectSpec", "require_program"]

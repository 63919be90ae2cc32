"""Schema compatibility, offline: the verdicts of Confluent's Schema Registry, each with a reason and a place."""

from streamproof.compat.difference import Difference
from streamproof.compat.history import Level, Policy, Result, Version, check, check_history

__all__ = ["Difference", "Level", "Policy", "Result", "Version", "check", "check_history"]

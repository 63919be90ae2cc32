"""Schema compatibility, offline: the verdicts of Confluent's Schema Registry, each with a reason and a place."""

from streamproof.compat.difference import Difference, Direction
from streamproof.compat.history import Level, Policy, Result, Version, check, check_history

__all__ = ["Difference", "Direction", "Level", "Policy", "Result", "Version", "check", "check_history"]

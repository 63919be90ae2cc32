"""Breaking things on purpose: plans, what they may name, and the nemesis that carries them out."""

from streamproof.faults.check import check_plan
from streamproof.faults.nemesis import Nemesis
from streamproof.faults.plan import Fault, Plan, read_plan, written_plan
from streamproof.faults.world import Evidence, World

__all__ = ["Evidence", "Fault", "Nemesis", "Plan", "World", "check_plan", "read_plan", "written_plan"]

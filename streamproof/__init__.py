"""Streamproof: does a Kafka pipeline keep the promises in its contract, when things break?

What stands in `__all__` is the public face; docs/api.md shows each name with an example. Names are imported when they
are first used: the pytest plugin is loaded in every project of an environment, whether it is used or not.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamproof import errors
    from streamproof.checks import Finding, Verdict, check, judge
    from streamproof.config.file import ClusterConfig, read_config
    from streamproof.engine.events import Judged, SessionEvent
    from streamproof.engine.request import declared_spec
    from streamproof.engine.run import Run
    from streamproof.engine.session import Session
    from streamproof.engine.spec import RunSpec
    from streamproof.faults import Evidence, Fault, Plan
    from streamproof.history.store import History

__version__ = version("streamproof")
__all__ = [
    "ClusterConfig", "Evidence", "Fault", "Finding", "History", "Judged", "Plan", "Run", "RunSpec", "Session",
    "SessionEvent", "Verdict", "check", "declared_spec", "errors", "judge", "read_config",
]  # fmt: skip

_HOMES = {
    "checks": ("Finding", "Verdict", "check", "judge"),
    "config.file": ("ClusterConfig", "read_config"),
    "engine.events": ("Judged", "SessionEvent"),
    "engine.request": ("declared_spec",),
    "engine.run": ("Run",),
    "engine.session": ("Session",),
    "engine.spec": ("RunSpec",),
    "faults": ("Evidence", "Fault", "Plan"),
    "history.store": ("History",),
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("streamproof.errors")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"streamproof.{home}"), name)
    raise AttributeError(f"module streamproof has no attribute {name!r}")

"""Streamproof: does a Kafka pipeline keep the promises in its contract, when things break?

What stands in `__all__` is the public face; docs/api.md shows each name with an example. Names are imported when they
are first used: the pytest plugin is loaded in every project of an environment, whether it is used or not.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamproof import errors as errors
    from streamproof.checks import Finding as Finding
    from streamproof.checks import Verdict as Verdict
    from streamproof.checks import check as check
    from streamproof.checks import judge as judge
    from streamproof.config.file import ClusterConfig as ClusterConfig
    from streamproof.config.file import read_config as read_config
    from streamproof.engine.events import Event as Event
    from streamproof.engine.events import Judged as Judged
    from streamproof.engine.request import declared_spec as declared_spec
    from streamproof.engine.run import Run as Run
    from streamproof.engine.session import Session as Session
    from streamproof.engine.spec import RunSpec as RunSpec
    from streamproof.faults import Evidence as Evidence
    from streamproof.faults import Fault as Fault
    from streamproof.faults import Plan as Plan
    from streamproof.history.store import History as History

__version__ = version("streamproof")

_HOMES = {
    "ClusterConfig": "config.file",
    "Event": "engine.events",
    "Evidence": "faults",
    "Fault": "faults",
    "Finding": "checks",
    "History": "history.store",
    "Judged": "engine.events",
    "Plan": "faults",
    "Run": "engine.run",
    "RunSpec": "engine.spec",
    "Session": "engine.session",
    "Verdict": "checks",
    "check": "checks",
    "declared_spec": "engine.request",
    "judge": "checks",
    "read_config": "config.file",
}
__all__ = [
    "ClusterConfig",
    "Event",
    "Evidence",
    "Fault",
    "Finding",
    "History",
    "Judged",
    "Plan",
    "Run",
    "RunSpec",
    "Session",
    "Verdict",
    "check",
    "declared_spec",
    "errors",
    "judge",
    "read_config",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("streamproof.errors")
    try:
        return getattr(import_module(f"streamproof.{_HOMES[name]}"), name)
    except KeyError:
        raise AttributeError(f"module streamproof has no attribute {name!r}") from None

"""Makes the input of a run and sends it: events with identity, key, sequence and fate."""

from streamproof.workload.answered import AnsweredWorkload
from streamproof.workload.events import Event, encoded, events_from_file, make_events
from streamproof.workload.producer import TopicWorkload
from streamproof.workload.stdin import StdinWorkload
from streamproof.workload.workload import Workload

__all__ = [
    "AnsweredWorkload",
    "Event",
    "StdinWorkload",
    "TopicWorkload",
    "Workload",
    "encoded",
    "events_from_file",
    "make_events",
]

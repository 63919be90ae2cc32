"""Makes the input of a run and sends it: events with identity, key, sequence and fate."""

from streamproof.workload.avro import in_avro
from streamproof.workload.events import Event, events_from_file, make_events
from streamproof.workload.producer import Workload
from streamproof.workload.stdin import StdinWorkload

__all__ = ["Event", "StdinWorkload", "Workload", "events_from_file", "in_avro", "make_events"]

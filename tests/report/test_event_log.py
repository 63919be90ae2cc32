"""Every event as a line."""

from io import StringIO

from rich.console import Console

from streamproof.engine.events import FaultEnded, InputFed, Phase, PhaseBegan, SessionEvent, SubjectReady, Working
from streamproof.faults import Evidence, Fault
from streamproof.history.terms import SendOutcome
from streamproof.report.event_log import EventLog

NOON = 1_790_000_000_123_000


def line_of(event: SessionEvent) -> str:
    out = StringIO()
    EventLog(Console(file=out, width=40, soft_wrap=True, color_system=None))(event)
    return out.getvalue()


def test_an_event_is_a_line_with_its_time_and_what_it_says() -> None:
    """However long it is; and what looks like a style's mark is data."""
    assert line_of(PhaseBegan(Phase.PROBE, t=NOON)) == "14:13:20.123  PhaseBegan    phase=probe\n"
    assert line_of(SubjectReady(1.5, 2, "run [red]", t=NOON)).endswith("seconds=1.500 instances=2 command=run [red]\n")
    fed = InputFed(2.0, 50, 5, {SendOutcome.OK: 49, SendOutcome.UNKNOWN: 1}, t=NOON)
    assert line_of(fed).endswith("InputFed      seconds=2.000 sent=50 keys=5 outcomes=ok:49,unknown:1\n")
    killed = FaultEnded(Fault.of("kill", "instance:1"), Evidence("instance 1 killed", effective=True), t=NOON)
    assert line_of(killed).endswith("FaultEnded    fault=kill instance:1 evidence=instance 1 killed\n")
    assert line_of(Working(Phase.WORKLOAD, "x" * 90, t=NOON)).count("\n") == 1

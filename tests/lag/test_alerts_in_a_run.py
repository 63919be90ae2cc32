"""The alerts that are shipped, while the reference pipeline goes through the default plan of faults."""

import threading
from pathlib import Path

from streamproof.errors import ClusterError
from streamproof.faults import Plan, Surroundings
from streamproof.lag.document import LagReport
from streamproof.lag.monitor import Monitor
from streamproof.pytest.plugin import RunSubject
from tests.lag.alerting import check_fired, served

LOOK_S = 2.0  # counts as ten seconds: what lasts a fifth of what an alert waits for would already be told


def test_faults_that_a_pipeline_recovers_from_fire_no_alert(run_subject: RunSubject, tmp_path: Path) -> None:
    """Its instances are killed and paused, and so are brokers. Its poisoned events are told, for they are there."""
    told: list[LagReport | ClusterError] = []
    over = threading.Event()
    with run_subject("orders", records=2000) as run:
        monitor = Monitor(run.cluster.bootstrap_servers, [run.spec.contract.group])

        def watch() -> None:
            for look in monitor.watch(LOOK_S):
                told.append(look)
                if over.is_set():
                    return

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            run.carry_out(Plan.default(1, Surroundings.of(run.spec.subject, run.cluster)))
        finally:
            over.set()
            watching.join()
    run.verdict.require_upheld()
    reports = [look for look in told if isinstance(look, LagReport)]
    assert max(group.unsettled for look in reports for group in look.groups) > 0
    check_fired(served(told), {"DeadLettersArrive"}, tmp_path)

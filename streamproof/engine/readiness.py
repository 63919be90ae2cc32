"""Waiting for a subject to be ready: each instance says so, and the group has all of them."""

import time

from streamproof.clock import now_us
from streamproof.engine.input import ConsumerGroup
from streamproof.errors import SubjectError
from streamproof.subject import ProcessSupervisor

LOOK_S = 0.05


def wait_until_ready(supervisor: ProcessSupervisor, group: ConsumerGroup | None) -> None:
    """Return when all instances are ready, and note when each was.

    SubjectError when an instance ends first, or the subject's time is up: with what is missing, and the last lines.
    """
    spec = supervisor.spec
    deadline = time.monotonic() + spec.ready_timeout_s
    while True:
        supervisor.check_started()
        instances = supervisor.current_all()
        slow = next((instance for instance in instances if not supervisor.ready(instance)), None)
        if slow is None and (group is None or group.is_whole(spec.instances)):
            for instance in instances:
                instance.t_ready = now_us()
            return
        if time.monotonic() > deadline:
            missing = f"instance {slow.number} {spec.ready.missing}" if slow else ""
            if group and not slow:
                missing = group.missing(spec.instances)
            raise SubjectError(supervisor.told(f"was not ready within {spec.ready_timeout_s:.0f} s: {missing}", slow))
        time.sleep(LOOK_S)

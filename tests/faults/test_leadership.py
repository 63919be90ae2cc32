"""Which logs that the subject uses a broker leads."""

from dataclasses import replace
from pathlib import Path

from streamproof.cluster import EmbeddedCluster
from streamproof.faults.leadership import GROUPS, TRANSACTIONS, led_by, logs_of
from streamproof.guardian import Guardian
from streamproof.kafka.groups import find_group_coordinator
from tests.faults.conftest import TOPIC, system_of


def test_a_groups_log_is_its_coordinators(cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path) -> None:
    """One partition of the coordinators' log holds a group, whatever its name: other leaders do not count."""
    servers = cluster.bootstrap_servers
    for group in ("faults", "a", "polygenelubricants", "grüße 🚀", *(f"group-{n}" for n in range(12))):
        system = replace(system_of(cluster, session_guardian, tmp_path), group=group, effects=())
        coordinator = find_group_coordinator(servers, group)
        own = {GROUPS: logs_of(system, [])[GROUPS]}
        assert [led_by(node, own, servers) for node in (coordinator, coordinator % 3 + 1)] == [1, 0], group


def test_what_is_not_the_subjects_is_not_missed(
    cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """A subject that is told what to send is in no group; without transactions there is no transaction coordinator."""
    system = system_of(cluster, session_guardian, tmp_path)
    assert logs_of(replace(system, group=None), []).keys() == {TOPIC}
    assert logs_of(system, []).keys() == {TOPIC, GROUPS}
    assert logs_of(replace(system, effects=("out",)), ["id-1"]).keys() == {TOPIC, "out", GROUPS, TRANSACTIONS}

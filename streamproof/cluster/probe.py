"""Does the broker keep what transactions promise? A verdict on them takes that for granted, so it is tried first.

Broker look-alikes, librdkafka's mock cluster among them, show aborted records to read_committed and let zombies
commit: on those, a pipeline that is upheld has shown nothing.
"""

import json

from pydantic import TypeAdapter, ValidationError

from streamproof.cluster.base import Cluster
from streamproof.cluster.cache import cache_directory, making
from streamproof.probe import fencing, transactions
from streamproof.probe.ask import ask
from streamproof.probe.question import Sign

# what a verdict takes for granted, and the questions whose right answers show it
PROPERTIES = {
    "isolates": (transactions.commit_visible, transactions.abort_hidden, transactions.open_held_back),
    "fences": (fencing.predecessor_aborted, fencing.old_epoch_produce, fencing.old_epoch_end),
    "atomic-offsets": (transactions.offsets_committed, transactions.offsets_aborted),
}


def probe(bootstrap_servers: str, *, replication: int) -> dict[str, bool]:
    """Each property, and whether the brokers at `bootstrap_servers` keep it.

    A property that is not kept, or not shown in time, is False. ClusterError when no broker can be reached.
    """
    asked = ask(bootstrap_servers, replication=replication, questions=sum(PROPERTIES.values(), ()))
    right = {question.name for question, answer in asked.answers if answer.sign is Sign.RIGHT}
    return {name: {question.name for question in shown_by} <= right for name, shown_by in PROPERTIES.items()}


def probed(cluster: Cluster, *, replication: int) -> dict[str, bool]:
    """`probe`; for an embedded cluster, its earlier result on the same pinned version, if all properties were kept.

    The jars are the same to the byte, so the broker is; a broker of an existing cluster may be another every time.
    """
    if cluster.backend != "embedded":
        return probe(cluster.bootstrap_servers, replication=replication)
    memory = cache_directory() / "probe" / f"{cluster.version}-replication-{replication}.json"
    try:
        return dict(TypeAdapter(dict[str, bool]).validate_json(memory.read_bytes()))
    except (OSError, ValidationError):
        found = probe(cluster.bootstrap_servers, replication=replication)
    if all(found.values()):
        with making(memory):
            memory.write_text(json.dumps(found))
    return found

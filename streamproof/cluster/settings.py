"""What a broker that is started here is told: real defaults, but quick to start and light on a small machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.cluster.ports import HOST
from streamproof.cluster.security import Security
from streamproof.errors import UsageError

LISTENERS = ("DIRECT", "SUBJECT", "INTERNAL", "CONTROLLER")


@dataclass(frozen=True)
class BrokerPorts:
    """A port for each listener: observers and administration, subjects, replication, the quorum."""

    direct: int
    subject: int
    internal: int
    controller: int

    @property
    def direct_address(self) -> str:
        return f"{HOST}:{self.direct}"

    @property
    def subject_address(self) -> str:
        return f"{HOST}:{self.subject}"


# The reason for each group stands above it; all else is the broker's own default.
COMMON = {
    # a topic that a subject names by mistake must not appear
    "auto.create.topics.enable": "false",
    # the coordinator of a group, or of a transaction, is known beforehand
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # the broker's clock orders what is recorded
    "log.message.timestamp.type": "LogAppendTime",
    # members that start together are one generation: a second generation takes librdkafka a second, its wait between
    # two JoinGroups
    "group.initial.rebalance.delay.ms": "300",
    # a lost member is noticed in seconds, where a test asks for it
    "group.min.session.timeout.ms": "500",
    "group.consumer.min.session.timeout.ms": "500",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.heartbeat.interval.ms": "1000",
    # so is a lost member of a share group, and what it has in hand goes to others after seconds, not half a minute
    "group.share.min.session.timeout.ms": "500",
    "group.share.session.timeout.ms": "6000",
    "group.share.min.heartbeat.interval.ms": "100",
    "group.share.heartbeat.interval.ms": "1000",
    "group.share.min.record.lock.duration.ms": "1000",
    "group.share.record.lock.duration.ms": "5000",
    # the log of what share groups have done is kept whole, to be read at the end of a run
    "share.coordinator.state.topic.prune.interval.ms": "86400000",
    # a transaction that is past its time is aborted then, not up to 10 s later
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # a lost broker is noticed in 1.5 s, a lost controller in 1 s, and the first controller is elected at once
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.timeout.ms": "300",
    "controller.quorum.election.backoff.max.ms": "300",
    "controller.quorum.retry.backoff.ms": "20",
    # a connection that was tried while the network was cut does not wait half a minute after it is whole
    "socket.connection.setup.timeout.ms": "1000",
    "socket.connection.setup.timeout.max.ms": "2000",
    # three brokers share a laptop with what they are tested by
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.io.buffer.size": "65536",
    "log.index.size.max.bytes": "1048576",
    # a controller that has nothing to say says so twice a second by default, and all replay it
    "metadata.max.idle.interval.ms": "5000",
}


def check_quorum(brokers: int) -> None:
    """UsageError for a number of brokers that makes no quorum."""
    if brokers < 1 or brokers % 2 == 0:
        raise UsageError(f"a cluster has an odd number of brokers, not {brokers}")


def broker_settings(
    node: int,
    ports: Mapping[int, BrokerPorts],
    data: str,
    extra: Mapping[str, str],
    *,
    names: Mapping[int, str] | None = None,
    security: Security | None = None,
) -> dict[str, str]:
    """All settings of a broker that keeps its data in the directory `data`; `extra` overrides.

    `names`: the hosts by which the brokers know each other, where each has its own; each then listens everywhere.
    UsageError when `extra` has what makes a broker part of its cluster.
    """
    mine = ports[node]
    hosts = names or dict.fromkeys(ports, HOST)
    bound = "0.0.0.0" if names else HOST  # noqa: S104 - in a container, whose ports are published on 127.0.0.1
    listeners = zip(LISTENERS, (mine.direct, mine.subject, mine.internal, mine.controller), strict=True)
    wiring = {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": ",".join(f"{n}@{hosts[n]}:{p.controller}" for n, p in ports.items()),
        "listeners": ",".join(f"{name}://{bound}:{port}" for name, port in listeners),
        "advertised.listeners": (
            f"DIRECT://{mine.direct_address},SUBJECT://{mine.subject_address},INTERNAL://{hosts[node]}:{mine.internal}"
        ),
        "listener.security.protocol.map": ",".join(
            f"{name}:{security.protocol if security and name == 'SUBJECT' else 'PLAINTEXT'}" for name in LISTENERS
        ),
        "inter.broker.listener.name": "INTERNAL",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
    }
    if owned := {*wiring, "log.dir"} & extra.keys():
        raise UsageError(f"{', '.join(sorted(owned))} cannot be set: the cluster's own wiring needs it; leave it out")
    secured = security.settings if security else {}
    return {**wiring, **COMMON, **_replication(min(3, len(ports))), **secured, **extra}


def _replication(replicas: int) -> dict[str, str]:
    in_sync = str(max(1, replicas - 1))
    return {
        "default.replication.factor": str(replicas),
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.replication.factor": str(replicas),
        "share.coordinator.state.topic.replication.factor": str(replicas),
        "min.insync.replicas": in_sync,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def write_properties(path: Path, settings: Mapping[str, str]) -> None:
    lines = [f"{name}={value}".replace("\n", "\\n") for name, value in settings.items()]
    path.touch(mode=0o600)  # a secured broker's key is among them
    path.write_text("".join(f"{line}\n" for line in lines))

"""The parts of which a run is made, put together from its spec. Nothing is started here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.cluster import Cluster, OwnedCluster
from streamproof.engine.effects import EffectChannels, effect_channels
from streamproof.engine.input import InputPort, input_port_of
from streamproof.engine.spec import RunSpec
from streamproof.guardian import Guardian
from streamproof.recording.coordinator_logs import GroupLog, TransactionLog
from streamproof.recording.hops import HopRecords, Hops
from streamproof.recording.observers import Observers
from streamproof.recording.source import Rows, Source
from streamproof.recording.topics import TopicLogs
from streamproof.recording.wire import Wire
from streamproof.subject import ProcessSupervisor
from streamproof.wire import Proxy

if TYPE_CHECKING:
    from streamproof.recording.databases import Database


@dataclass(frozen=True)
class Parts:
    """`sources`: of every table but `fault` and `sent`. `group_log`: None for a subject that joins no group.

    `proxy`: between the subject and the brokers; None where there is none.
    """

    supervisor: ProcessSupervisor
    input: InputPort
    effects: EffectChannels
    databases: "Mapping[str, Database]"
    observers: Observers
    hops: HopRecords
    group_log: GroupLog | None
    proxy: Proxy | None
    sources: tuple[Source, ...]

    @property
    def protocol(self) -> str:
        """The group protocol that the subject spoke last, as recorded."""
        return self.group_log.protocol if self.group_log else "classic"


def assemble(
    spec: RunSpec,
    cluster: Cluster,
    guardian: Guardian,
    *,
    jars: tuple[Path, ...],
    registry_url: str | None,
    proxied: bool,
    observed_at: str | None = None,
) -> Parts:
    """UsageError where subject and contract do not fit, or an identity cannot be found where it is said to lie."""
    servers = cluster.bootstrap_servers
    values = {
        **cluster.subject_values,
        "run": spec.suffix,
        "directory": str(spec.directory.resolve()),
        **({"registry_url": registry_url} if registry_url else {}),
    }
    logs = spec.directory / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    security = cluster.security
    proxy = Proxy(cluster.subject_bootstrap_servers, security.ends if security else None) if proxied else None
    supervisor = ProcessSupervisor(
        guardian,
        spec.subject,
        values,
        logs,
        lambda *process: {"bootstrap_servers": proxy.servers(*process)} if proxy else {},
    )
    effects = effect_channels(spec.subject, spec.contract, values)
    port = input_port_of(spec, servers, supervisor, effects, jars)
    databases: dict[str, Database] = {}
    if effects.queries:
        from streamproof.recording.databases import DatabaseRows, effect_databases  # noqa: PLC0415 - slow to import

        databases |= effect_databases(effects.queries)
    identities = {topic.topic: topic.identity for topic in effects.topics}
    if port.topic:
        identities[port.topic.topic] = port.topic.identity
    observers = Observers(
        observed_at or servers,
        port.name,
        identities,
        {channel.topic: channel.partitions for channel in spec.contract.topics() if channel.topic in identities},
        inputs=port.workload.fates,
        places=port.places,
    )
    group_log = GroupLog(servers, jars, grp=port.group.name, shared=spec.contract.shared) if port.group else None
    hops = HopRecords(
        servers,
        Hops(
            servers,
            port.group.name if port.group else None,
            identities,
            declared=[channel.topic for channel in spec.contract.through],
            everyone=isinstance(cluster, OwnedCluster),
        ),
        (spec.contract.input.identity, *(topic.identity for topic in effects.topics)),
        port.workload.fates,
    )
    sources: list[Source] = [
        Rows("process", supervisor.rows),
        observers,
        TopicLogs(servers, effects.topics, port.topic),
        *port.sources,
        TransactionLog(servers, jars),
        hops,
    ]
    if group_log:
        sources.append(group_log)
    if proxy:
        proxy.add(hops.keep)
        sources.append(Wire(proxy, supervisor))
    if databases:
        sources.append(DatabaseRows(list(databases.values()), observers.saw))
    return Parts(supervisor, port, effects, databases, observers, hops, group_log, proxy, tuple(sources))

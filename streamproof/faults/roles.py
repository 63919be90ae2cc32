"""Whom a fault meets: the broker that plays a role when the fault begins; any other target is itself."""

from streamproof.errors import SubjectError, UsageError
from streamproof.faults.in_flight import transactions_of
from streamproof.faults.system import Scene, System
from streamproof.faults.targets import Broker, BrokerRole, Met, Target
from streamproof.kafka.groups import find_group_coordinator
from streamproof.kafka.leaders import find_leader
from streamproof.kafka.quorum import find_controller
from streamproof.kafka.transactions import find_transaction_coordinator


def group_of(system: System) -> str:
    """The subject's group; UsageError where it is in none."""
    if system.group is None:
        raise UsageError("a subject that is told what to send is in no group")
    return system.group


def find_asked(scene: Scene) -> Broker:
    """The broker of what is held at the proxy; SubjectError where nothing is, or where no broker has told of it."""
    sighting = scene.hold.sighting if scene.hold else None
    if sighting is None:
        raise SubjectError("no broker was asked, for the moment never came")
    if (node := scene.system.proxy.nodes.get(sighting.address)) is None:
        raise SubjectError(f"which broker is at {sighting.address} is not known: none has told the subject")
    return Broker(node, "asked")


def find_target(system: System, target: Target) -> Met:
    """What `target` is now, by asking the brokers. ClusterError when they do not say.

    A subject without transactions has no transaction coordinator: its group's is meant.
    """
    if not isinstance(target, BrokerRole):
        return target
    servers = system.cluster.bootstrap_servers
    if target is BrokerRole.CONTROLLER:
        return Broker(find_controller(servers), "controller")
    if target is BrokerRole.LEADER:
        return Broker(find_leader(servers, system.topic, 0), "leader")
    if target is BrokerRole.TRANSACTION_COORDINATOR and (transactions := transactions_of(system)):
        node = find_transaction_coordinator(servers, transactions[0].transactional_id)
        return Broker(node, "transaction coordinator")
    return Broker(find_group_coordinator(servers, group_of(system)), "group coordinator")

"""Answers that tell a client where brokers are: the proxy puts its own addresses in their place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from streamproof.kafka.protocol import API_VERSIONS
from streamproof.wire.codec import APIS, highest_version

# each of these may tell where brokers are; those of the first kind do always
ALWAYS = frozenset({"Metadata", "FindCoordinator", "DescribeCluster"})
AT_TIMES = frozenset({"Produce", "Fetch", "ShareFetch", "ShareAcknowledge"})  # a new leader's, at their end (KIP-951)
TAIL = 512  # bytes of such an answer that hold a broker's host, if any is told
Local = Callable[[str, int], tuple[str, int]]  # from where a broker is to where it is at the proxy


def readdressed(answer: Any, local: Local) -> Any:
    """The same answer, with each broker that it tells of at the proxy."""
    lists = {
        name: tuple(_moved(broker, local) for broker in getattr(answer, name))
        for name in ("brokers", "coordinators", "node_endpoints")
        if getattr(answer, name, ())
    }
    return replace(_moved(answer, local), **lists)


def _moved(told: Any, local: Local) -> Any:
    host, port = getattr(told, "host", ""), getattr(told, "port", -1)
    if not host or port < 0:  # nobody is told of: an error, or no coordinator
        return told
    at, number = local(host, port)
    return replace(told, host=at, port=type(port)(number))


def may_tell(api: str, answer: bytes, hosts: set[bytes]) -> bool:
    """Whether an answer may tell of a broker, before anything of it is decoded: records are the bulk of all traffic."""
    if api in ALWAYS:
        return True
    tail = answer[-TAIL:]
    return api in AT_TIMES and any(host in tail for host in hosts)


def lowered(answer: Any) -> Any | None:
    """An ApiVersions answer without the versions whose addresses could not be rewritten; None if there is no such."""
    changed, keys = False, []
    for api in answer.api_keys:
        highest = highest_version(api.api_key)
        told = APIS.get(api.api_key) in ALWAYS | AT_TIMES and api.api_key != API_VERSIONS
        if told and api.min_version <= highest < api.max_version:
            changed, api = True, replace(api, max_version=type(api.max_version)(highest))  # noqa: PLW2901
        keys.append(api)
    return replace(answer, api_keys=tuple(keys)) if changed else None

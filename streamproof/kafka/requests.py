"""Questions to brokers over the plain protocol: of one broker, of any, or of the coordinator of something."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from kio.schema.api_versions.v0.request import ApiVersionsRequest as PlainApiVersionsRequest
from kio.schema.api_versions.v0.response import ApiVersionsResponse as PlainApiVersionsResponse
from kio.schema.api_versions.v3.request import ApiVersionsRequest
from kio.schema.api_versions.v3.response import ApiVersionsResponse
from kio.schema.errors import ErrorCode
from kio.schema.find_coordinator.v3.request import FindCoordinatorRequest
from kio.schema.find_coordinator.v3.response import FindCoordinatorResponse
from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import TopicName
from kio.static.primitive import i8

from streamproof.errors import ClusterError
from streamproof.kafka.protocol import Connection

TIMEOUT_S = 2.0  # of one answer: a paused broker gives none
PATIENCE_S = 15.0  # with a cluster that is electing, moving or loading what is asked about
LOOK_S = 0.05
GROUP, TRANSACTION = i8(0), i8(1)  # kinds of coordinator
R = TypeVar("R")


class NoAnswer(ClusterError):  # noqa: N818 - reads as a sentence where it is raised
    """No broker answers at any of the addresses."""


class Refused(ClusterError):  # noqa: N818 - reads as a sentence where it is raised
    """A broker answered with an error that does not pass."""

    def __init__(self, code: ErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NotYet(ClusterError):  # noqa: N818 - it is a state of things, not an error
    """The cluster has no answer now, and may have one soon."""


def metadata(address: str, topics: Iterable[str] | None = (), timeout_s: float = TIMEOUT_S) -> MetadataResponse:
    """Brokers, and the named topics (`None`: all), as the broker at `address` knows them; `OSError` if it is silent."""
    return ask(address, _metadata_request(topics), MetadataResponse, timeout_s)


def find_metadata(bootstrap: str, topics: Iterable[str] | None = ()) -> MetadataResponse:
    """Brokers, and the named topics (`None`: all), as the first broker that answers knows them."""
    return ask_any(bootstrap, _metadata_request(topics), MetadataResponse)


def _metadata_request(topics: Iterable[str] | None) -> MetadataRequest:
    wanted = None if topics is None else tuple(MetadataRequestTopic(topic_id=None, name=TopicName(t)) for t in topics)
    return MetadataRequest(topics=wanted, allow_auto_topic_creation=False, include_topic_authorized_operations=False)


def api_versions(address: str) -> Mapping[int, tuple[int, int]]:
    """The lowest and the highest version of each API that a broker knows; `OSError` if it is silent."""
    known = ask(address, PlainApiVersionsRequest(), PlainApiVersionsResponse).api_keys
    return {int(api.api_key): (int(api.min_version), int(api.max_version)) for api in known}


def features(address: str) -> Mapping[str, int]:
    """Finalized feature levels; `OSError` if the broker is silent."""
    request = ApiVersionsRequest(client_software_name="streamproof", client_software_version="0")
    answer = ask(address, request, ApiVersionsResponse)
    return {feature.name: feature.max_version_level for feature in answer.finalized_features}


def ask(address: str, request: Any, response_type: type[R], timeout_s: float = TIMEOUT_S) -> R:
    """Ask the broker at `address`; `OSError` if it is silent."""
    with Connection(address, timeout_s=timeout_s) as connection:
        return connection.ask(request, response_type)


def ask_any(bootstrap: str, request: Any, response_type: type[R], timeout_s: float = TIMEOUT_S) -> R:
    """Ask the first broker that answers; `NoAnswer` when none does."""
    return first_answer(bootstrap, lambda address: ask(address, request, response_type, timeout_s))


def ask_controller(bootstrap: str, request: Any, response_type: type[R], timeout_s: float = TIMEOUT_S) -> R:
    """Ask the broker that the others call the controller; any, where they call none so."""
    known = find_metadata(bootstrap)
    controller = [f"{one.host}:{one.port}" for one in known.brokers if one.node_id == known.controller_id]
    return ask_any(controller[0] if controller else bootstrap, request, response_type, timeout_s)


def first_answer(bootstrap: str, question: Callable[[str], R]) -> R:
    """The answer of the first address that gives one; `NoAnswer` when none does."""
    reasons: list[str] = []
    for address in (part.strip() for part in bootstrap.split(",")):
        try:
            return question(address)
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            reasons.append(f"{address}: {what}" if "," in bootstrap else what)
    raise NoAnswer(f"no broker answers at {bootstrap} ({'; '.join(reasons)}); check the address, and whether it is up")


def find_coordinator(bootstrap: str, kind: i8, key: str) -> tuple[int, str]:
    """Node and address of a group's or a transactional id's coordinator; `NotYet` when there is none."""
    found = ask_any(bootstrap, FindCoordinatorRequest(key=key, key_type=kind), FindCoordinatorResponse)
    check(found.error_code, f'the coordinator of "{key}"')
    return found.node_id, f"{found.host}:{found.port}"


def ask_coordinator(bootstrap: str, kind: i8, key: str, question: Callable[[Connection], R]) -> R:
    """What the coordinator of a group or a transactional id answers, asked until it does."""

    def look() -> R:
        _, address = find_coordinator(bootstrap, kind, key)
        with Connection(address, timeout_s=TIMEOUT_S) as coordinator:
            return question(coordinator)

    return patiently(look)


def check(code: ErrorCode, what: str) -> None:
    """`NotYet` for an error that passes, `Refused` for one that does not."""
    if code is ErrorCode.none:
        return
    sentence = f"{what}: the broker answers {code.name.upper()}"
    if code.retriable:
        raise NotYet(sentence)
    raise Refused(code, sentence)


def patiently(
    question: Callable[[], R],
    patience_s: float = PATIENCE_S,
    *,
    passing: tuple[type[Exception], ...] = (NotYet, OSError),
) -> R:
    """Ask until there is an answer; `ClusterError` when there is none in time. `passing`: errors that may pass."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return question()
        except passing as reason:
            if time.monotonic() > deadline:
                raise ClusterError(f"{reason}, for {patience_s:.0f} s; look at the brokers' logs") from reason
        time.sleep(LOOK_S)

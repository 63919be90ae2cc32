"""What a broker says of its cluster: one request each, over a connection that is closed again."""

from collections.abc import Mapping

from kio.schema.api_versions.v3.request import ApiVersionsRequest
from kio.schema.api_versions.v3.response import ApiVersionsResponse
from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import TopicName

from streamproof.protocol import Connection

TIMEOUT_S = 5.0


def metadata(address: str, topics: tuple[str, ...] | None = (), timeout_s: float = TIMEOUT_S) -> MetadataResponse:
    """Brokers, and the named topics (`None`: all), as the broker at `address` knows them; `OSError` if it is silent."""
    wanted = None if topics is None else tuple(MetadataRequestTopic(topic_id=None, name=TopicName(t)) for t in topics)
    request = MetadataRequest(topics=wanted, allow_auto_topic_creation=False, include_topic_authorized_operations=False)
    with Connection(address, timeout_s=timeout_s) as connection:
        return connection.ask(request, MetadataResponse)


def features(address: str, timeout_s: float = TIMEOUT_S) -> Mapping[str, int]:
    """Finalized feature levels; `OSError` if the broker is silent."""
    request = ApiVersionsRequest(client_software_name="streamproof", client_software_version="0")
    with Connection(address, timeout_s=timeout_s) as connection:
        answer = connection.ask(request, ApiVersionsResponse)
    return {feature.name: feature.max_version_level for feature in answer.finalized_features}

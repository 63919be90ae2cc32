"""The controllers of a cluster, which agree on all that its brokers know of it."""

from kio.schema.describe_quorum.v1.request import DescribeQuorumRequest, PartitionData, TopicData
from kio.schema.describe_quorum.v1.response import DescribeQuorumResponse
from kio.schema.types import TopicName
from kio.static.primitive import i32

from streamproof.kafka import requests

LOG = "__cluster_metadata"
NONE = -1


def find_controller(bootstrap: str) -> int:
    """The node that leads the quorum. A broker that is asked who the controller is names any broker: it passes on."""
    topic = TopicData(topic_name=TopicName(LOG), partitions=(PartitionData(partition_index=i32(0)),))
    request = DescribeQuorumRequest(topics=(topic,))

    def look() -> int:
        answer = requests.ask_any(bootstrap, request, DescribeQuorumResponse)
        requests.check(answer.error_code, "the quorum of controllers")
        (part,) = answer.topics[0].partitions
        requests.check(part.error_code, "the quorum of controllers")
        if part.leader_id == NONE:
            raise requests.NotYet("the quorum of controllers has no leader")
        return int(part.leader_id)

    return requests.patiently(look)

"""The topics of a run: made before it, empty, and with the broker's own times."""

from streamproof.contract.model import Contract
from streamproof.errors import ClusterError
from streamproof.kafka.topics import BY_BROKER, TIMES, create_topics, describe_config, list_missing_topics, list_offsets


def make_topics(servers: str, contract: Contract, *, replication: int) -> None:
    """Create what is not there yet. ClusterError for a topic that holds records, or that takes its producers' times.

    But for hops: a hop that is there is the subject's, and may hold what it likes.
    """
    hops = [channel.topic for channel in contract.through]
    left_alone = frozenset(hops) - list_missing_topics(servers, hops)
    topics = [channel for channel in contract.topics() if channel.topic not in left_alone]
    names = [channel.topic for channel in topics]
    create_topics(
        servers,
        {channel.topic: channel.partitions for channel in topics},
        replication=replication,
        # the broker's time, whatever the contract would have: a producer may set its own as it likes
        config={channel.topic: {**channel.config, TIMES: BY_BROKER} for channel in topics},
    )
    for topic, times in describe_config(servers, names, TIMES).items():
        if times != BY_BROKER:  # the topic was there before
            raise ClusterError(
                f'topic "{topic}" has the times of its producers, {TIMES}={times}: when a record came could not be '
                f"told; set {TIMES}={BY_BROKER} on it, or use {{run}} in the subject's settings for fresh names"
            )
    for (topic, _), ends in list_offsets(servers, names).items():
        if ends.high_watermark > 0:
            raise ClusterError(
                f'topic "{topic}" holds records already; a run judges every record of its topics: '
                "name empty topics, or use {run} in the subject's settings for fresh names"
            )

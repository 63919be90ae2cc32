"""Members of a consumer group that commit offsets by themselves."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline.settings.base import Config, KafkaSettings, Milliseconds, Name
from pipeline.settings.sending import DELIVERY_TIMEOUT_MS, UNCOMPRESSED_BYTES, producing


class GroupSettings(KafkaSettings):
    """A member of a consumer group. Times in milliseconds."""

    group_id: Name = Field(description="The same for all instances.")
    group_protocol: Literal["classic", "consumer"] = Field(
        default="classic", description="`consumer` is KIP-848: the broker assigns, and has the session's times."
    )
    group_instance_id: str | None = Field(
        default=None, description="Static membership: a quick restart moves no partition. Each instance its own."
    )
    partition_assignment_strategy: Literal["cooperative-sticky", "range", "roundrobin"] = Field(
        default="cooperative-sticky",
        description="Of the classic protocol; cooperative: what stays goes on in a rebalance.",
    )
    input_topic: Name = Field(description="What is read.")
    session_timeout_ms: Milliseconds = Field(
        default=30_000, description="Of the classic protocol: a member that is silent so long has its partitions taken."
    )
    heartbeat_interval_ms: Milliseconds = Field(
        default=10_000, description="Of the classic protocol: at most a third of the session."
    )
    max_poll_interval_ms: Milliseconds = Field(
        default=300_000, description="A member that has not polled so long leaves its group."
    )
    socket_timeout_ms: int = Field(default=60_000, ge=10, le=300_000, description="Of a request to a broker.")
    max_batch: int = Field(default=500, ge=1, le=100_000, description="Records that are processed between two polls.")
    batch_ms: Milliseconds = Field(default=50, description="How long they are waited for.")
    stop_ms: Milliseconds = Field(default=5_000, description="From SIGTERM until what is open is given up.")
    metadata_ms: Milliseconds = Field(
        default=300_000, description="How often the topic is looked at: new partitions are found no sooner."
    )
    fenced_limit: int = Field(
        default=3, ge=0, description="Times to start over when fenced, before it ends with status 3."
    )
    fenced_window_ms: Milliseconds = Field(default=60_000, description="Within which they count.")

    own: ClassVar[str] = "GROUP_INSTANCE_ID"  # the setting that no two instances may have in common

    @property
    def identity(self) -> str:
        """What tells this instance from the others of its group."""
        return self.group_instance_id or self.group_id

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.group_protocol == "classic" and self.heartbeat_interval_ms * 3 > self.session_timeout_ms:
            raise ValueError(
                f"HEARTBEAT_INTERVAL_MS={self.heartbeat_interval_ms} must be at most a third of "
                f"SESSION_TIMEOUT_MS={self.session_timeout_ms}, or one lost heartbeat ends the session"
            )
        if self.max_poll_interval_ms < self.session_timeout_ms:
            raise ValueError("MAX_POLL_INTERVAL_MS must not be less than SESSION_TIMEOUT_MS")
        return self

    def consumer_config(self) -> Config:
        config: Config = {
            **self.connection(),
            "client.id": self.identity,
            "group.id": self.group_id,
            "group.protocol": self.group_protocol,
            "enable.auto.commit": False,  # what is committed is done: never by the clock
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",  # a new group starts with the first record, and loses none
            "isolation.level": "read_committed",  # also makes an owner wait for offsets in an open transaction
            "max.poll.interval.ms": self.max_poll_interval_ms,
            "topic.metadata.refresh.interval.ms": self.metadata_ms,
            "socket.timeout.ms": max(self.socket_timeout_ms, 1500),  # above fetch.wait.max.ms by its rule of a second
            "fetch.wait.max.ms": 100,  # an empty fetch ends soon: a commit on the same broker waits behind none
            "fetch.error.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1000,  # 10 s by default: too long after a broker's return
        }
        if self.group_instance_id:
            config["group.instance.id"] = self.group_instance_id
        if self.group_protocol == "classic":
            # with group.protocol=consumer these are the broker's, and setting them here is an error
            config["session.timeout.ms"] = self.session_timeout_ms
            config["heartbeat.interval.ms"] = self.heartbeat_interval_ms
            config["partition.assignment.strategy"] = self.partition_assignment_strategy
        return config


class SendingSettings(GroupSettings):
    """A member that commits what it has sent on."""

    def producer_config(self) -> Config:
        """A record that is not acknowledged holds up the commit of its source."""
        return {
            **producing(DELIVERY_TIMEOUT_MS, self.socket_timeout_ms),
            **self.connection(),
            "client.id": self.identity,
            "acks": "all",
            "enable.idempotence": True,
            "message.max.bytes": UNCOMPRESSED_BYTES,
        }


class ConsumerSettings(SendingSettings):
    """The minimal consumer: user events into a database."""

    group_id: Name = Field(default="web-app-consumer", description="The same for all instances.")
    input_topic: Name = Field(default="user-events", description="What is read.")
    dlq_topic: Name = Field(default="user-events-dlq", description="Of the dead letters.")
    database: Name = Field(
        description="The path of a SQLite database, made if it is not there; or a URL: postgresql://…"
    )


class ProjectorSettings(ConsumerSettings):
    """The projector: what became of each order, into a database, by workers side by side."""

    group_id: Name = Field(default="order-projector", description="The same for all instances.")
    input_topic: Name = Field(default="orders-processed", description="What is read.")
    dlq_topic: Name = Field(default="orders-processed-dlq", description="Of the dead letters.")
    batch_ms: Milliseconds = Field(
        default=10, description="A record waits so long for others, and what failed for its next attempt."
    )
    workers: int = Field(default=12, ge=1, le=1_000, description="Threads that process; they know no client.")
    ordering: Literal["key", "partition", "unordered"] = Field(
        default="key", description="What is done in order, and within which only the failed record's own waits for it."
    )
    # fetching stops there, and takes a third of a second to begin again: with less in hand, workers would wait for it
    max_open: int = Field(
        default=10_000, ge=1, description="Records of a partition in hand: so many may be done twice after a crash."
    )
    max_open_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1, description="The same in bytes, of keys, values and headers."
    )
    commit_ms: Milliseconds = Field(
        default=100, description="Between two commits, up to the first record that is not done."
    )
    max_attempts: int = Field(
        default=10, ge=1, description="Before a dead letter; of a service that is away there is no end of them."
    )
    retry_ms: Milliseconds = Field(
        default=50, description="Before the second attempt; twice as long before each after it."
    )
    longest_retry_ms: Milliseconds = Field(
        default=1_000, description="Up to this: a service that is back is used soon."
    )
    revoke_ms: Milliseconds = Field(
        default=2_000, description="To finish what is in hand, before its partition goes to another owner."
    )


class RedriveSettings(SendingSettings):
    """Dead letters, back to the topics that they came from."""

    group_id: Name = Field(default="redrive", description="Its offsets say how far letters were sent back.")
    input_topic: Name = Field(default="orders-processed-dlq", description="The letters.")
    max_records: int = Field(default=1_000_000, ge=1, description="To send back at most.")

    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "enable.partition.eof": True}  # so that it is known when all is read

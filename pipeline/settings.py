"""Settings as frozen values: read once from the environment, checked at construction, each with its reason.

Every librdkafka option stands here, under the client's own name; no other module knows any.
"""

import os
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from pipeline.errors import SettingsError

Name = Annotated[str, Field(min_length=1)]
Milliseconds = Annotated[int, Field(gt=0)]
Config = dict[str, str | int | bool]

DELIVERY_TIMEOUT_MS = 120_000
# what a topic takes by default, and room for the reasons: so a dead letter can always be sent
DEAD_LETTER_BYTES = 1_048_588 + 4_096
UNCOMPRESSED_BYTES = 32 * 1024 * 1024  # the client's own bound, before compression: the topic's decides


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None  # for Prometheus; nothing is counted without it
    metrics_host: Name = "127.0.0.1"  # reached from elsewhere only where that is asked for

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Each field from the variable of its name in capitals; SettingsError names the variable that is wrong."""
        given = {name: environment[name.upper()] for name in cls.model_fields if environment.get(name.upper())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]).upper()
            what = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{where + ': ' if where else ''}{what}; set it in the environment") from error


class KafkaSettings(_Settings):
    """Where the brokers are, and how this process says to them who it is.

    SSL encrypts, and asks the broker for its certificate; with a certificate of its own the process says who it is.
    SASL_SSL says it by a password, which is never sent (SCRAM). SASL_PLAINTEXT is for networks that nobody else is on.
    """

    kafka_bootstrap_servers: Name
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_ca_location: Name | None = (
        None  # a file of PEM: who signs the brokers' certificates; else whom the system trusts
    )
    ssl_certificate_location: Name | None = None  # a file of PEM: who this process is
    ssl_key_location: Name | None = None
    sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-256"
    sasl_username: Name | None = None
    sasl_password: SecretStr | None = None  # no line of a log shows it

    @model_validator(mode="after")
    def _says_who_it_is(self) -> Self:
        sasl = self.security_protocol.startswith("SASL")
        if sasl and (self.sasl_username is None or self.sasl_password is None):
            raise ValueError(f"SECURITY_PROTOCOL={self.security_protocol} needs SASL_USERNAME and SASL_PASSWORD")
        if (self.ssl_certificate_location is None) != (self.ssl_key_location is None):
            raise ValueError("SSL_CERTIFICATE_LOCATION and SSL_KEY_LOCATION go together: set both, or neither")
        return self

    def connection(self) -> Config:
        config: Config = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        files = {
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
        }
        if self.security_protocol.endswith("SSL"):
            config |= {name: path for name, path in files.items() if path is not None}
        if self.sasl_username is not None and self.sasl_password is not None:
            config["sasl.mechanism"] = self.sasl_mechanism
            config["sasl.username"] = self.sasl_username
            config["sasl.password"] = self.sasl_password.get_secret_value()
        return config


class ValueSettings(_Settings):
    """How values are written."""

    value_format: Literal["json", "json-schema", "avro", "protobuf"] = "json"  # all but the first with a registry
    schema_registry_url: Name | None = None  # of its Confluent API
    registry_timeout_ms: Milliseconds = 2_000  # of an answer; the registry is asked again, as long as it takes

    @model_validator(mode="after")
    def _has_registry(self) -> Self:
        if self.value_format != "json" and self.schema_registry_url is None:
            raise ValueError(f"VALUE_FORMAT={self.value_format} needs SCHEMA_REGISTRY_URL")
        return self


class ProducerSettings(KafkaSettings, ValueSettings):
    """The plain producer. Times in milliseconds.

    ACKS=all: an event is ok when every in-sync replica has it, and it is there once. ACKS=1: when its leader has it; a
    leader that dies before its followers have fetched takes it along. ACKS=0: no broker says anything of it, so that no
    event is ever ok. Without idempotence a retry may write an event twice, so both double as well.
    """

    input_topic: Name = "order-events"
    acks: Literal["0", "1", "all"] = "all"
    enable_idempotence: bool | None = None  # unless set: with ACKS=all, and there alone it is possible
    delivery_timeout_ms: Milliseconds = DELIVERY_TIMEOUT_MS
    socket_timeout_ms: Annotated[int, Field(ge=10, le=300_000)] = 60_000

    @model_validator(mode="after")
    def _acknowledged_by_all(self) -> Self:
        if self.enable_idempotence and self.acks != "all":
            raise ValueError(
                f"ENABLE_IDEMPOTENCE=true needs ACKS=all, not ACKS={self.acks}: "
                "only what every in-sync replica has is told from its repetition"
            )
        return self

    @property
    def idempotent(self) -> bool:
        return self.acks == "all" if self.enable_idempotence is None else self.enable_idempotence

    def client_config(self) -> Config:
        return {
            **_producing(self.delivery_timeout_ms, self.socket_timeout_ms),
            **self.connection(),
            "client.id": "order-producer",
            "acks": self.acks,
            "enable.idempotence": self.idempotent,  # a retry is no second record, and no record overtakes another
            # without idempotence, a batch that is sent again would land behind the batch after it
            "max.in.flight.requests.per.connection": 5 if self.idempotent else 1,
        }


class ApiSettings(ProducerSettings):
    """The producer behind HTTP. Times in milliseconds."""

    acks: Literal["all"] = "all"  # 201 is a promise to somebody else: 0 and 1 can lose what was acknowledged
    host: Name = "127.0.0.1"  # reached from elsewhere only where that is asked for
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    delivery_timeout_ms: Milliseconds = 30_000  # no HTTP client waits longer
    max_body_bytes: Annotated[int, Field(ge=1, le=1_000_000)] = 65_536
    max_waiting: Annotated[int, Field(ge=1)] = 10_000  # events without an answer; more are refused, and may come again
    keys_topic: Name = "order-keys"  # of the Idempotency-Keys, compacted
    transactional_id: Name = "order-api"  # the same after a restart; what is sent under a key is sent by it
    transaction_timeout_ms: Annotated[int, Field(ge=1000)] = 10_000
    database: Name | None = None  # the projector's, which GET /orders/{order_id} reads
    idempotency_keys: Annotated[int, Field(ge=1)] = 100_000  # remembered at most; the oldest are forgotten first
    idempotency_window_ms: Milliseconds = 600_000  # a client posts again within minutes
    stop_ms: Milliseconds = 5_000  # from SIGTERM until what is open is given up

    def producer_config(self) -> Config:
        """The transactional producer's, for what comes with a key."""
        return _transactional(
            self.connection(), self.transactional_id, self.transaction_timeout_ms, self.socket_timeout_ms
        )

    def keys_config(self) -> Config:
        """The consumer's that reads the topic of keys to its end; it is in no group."""
        return {
            **self.connection(),
            "client.id": self.transactional_id,
            "group.id": self.transactional_id,  # the client wants a name, though it commits nothing
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",  # what was to be read next may be compacted away
            "isolation.level": "read_committed",  # a key whose transaction was aborted was never used
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
            "reconnect.backoff.max.ms": 1000,
        }


class TopicSettings(KafkaSettings):
    """How the topics are made. With three replicas, two in sync, one broker may be lost without a word being lost."""

    partitions: Annotated[int, Field(ge=1)] = 6
    replication: Annotated[int, Field(ge=1)] = 3


class GroupSettings(KafkaSettings):
    """A member of a consumer group. Times in milliseconds."""

    group_id: Name
    group_protocol: Literal["classic", "consumer"] = "classic"
    group_instance_id: str | None = None  # static membership: a quick restart moves no partition
    partition_assignment_strategy: Literal["cooperative-sticky", "range", "roundrobin"] = "cooperative-sticky"
    input_topic: Name
    session_timeout_ms: Milliseconds = 30_000
    heartbeat_interval_ms: Milliseconds = 10_000
    max_poll_interval_ms: Milliseconds = 300_000
    socket_timeout_ms: Annotated[int, Field(ge=10, le=300_000)] = 60_000
    max_batch: Annotated[int, Field(ge=1, le=100_000)] = 500  # records that are processed between two polls
    batch_ms: Milliseconds = 50  # how long they are waited for
    stop_ms: Milliseconds = 5_000  # from SIGTERM until what is open is given up
    fenced_limit: Annotated[int, Field(ge=0)] = 3  # times to start over when fenced …
    fenced_window_ms: Milliseconds = 60_000  # … within this window

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
            **_producing(DELIVERY_TIMEOUT_MS, self.socket_timeout_ms),
            **self.connection(),
            "client.id": self.identity,
            "acks": "all",
            "enable.idempotence": True,
            "message.max.bytes": UNCOMPRESSED_BYTES,
        }


class ConsumerSettings(SendingSettings):
    """The minimal consumer: user events into a database."""

    group_id: Name = "web-app-consumer"
    input_topic: Name = "user-events"
    dlq_topic: Name = "user-events-dlq"
    database: (
        Name  # the path of a SQLite database, made if it is not there; or a URL, as SQLAlchemy has it: postgresql://
    )


class ProjectorSettings(ConsumerSettings):
    """The projector: what became of each order, into a database, by workers side by side."""

    group_id: Name = "order-projector"
    input_topic: Name = "orders-processed"
    dlq_topic: Name = "orders-processed-dlq"
    batch_ms: Milliseconds = 10  # a record waits so long for others, and what failed for its next attempt
    workers: Annotated[int, Field(ge=1, le=1_000)] = 12
    ordering: Literal["key", "partition", "unordered"] = "key"  # what is done one after the other
    # of a partition: so many records may be done twice after a crash, and so much is in memory. Fetching stops there,
    # and takes a third of a second to begin again: with less in hand, quick workers would wait for it
    max_open: Annotated[int, Field(ge=1)] = 10_000
    max_open_bytes: Annotated[int, Field(ge=1)] = 16 * 1024 * 1024
    commit_ms: Milliseconds = 100
    max_attempts: Annotated[int, Field(ge=1)] = 10  # before a dead letter; of a service that is away there is no end
    retry_ms: Milliseconds = 50  # before the second attempt; twice as long before each after it …
    longest_retry_ms: Milliseconds = 1_000  # … up to this: a service that is back is used soon
    revoke_ms: Milliseconds = 2_000  # to finish what is in hand, before its partition goes to another


class RedriveSettings(SendingSettings):
    """Dead letters, back to the topics that they came from."""

    group_id: Name = "redrive"  # its offsets say how far letters were sent back
    input_topic: Name = "orders-processed-dlq"
    max_records: Annotated[int, Field(ge=1)] = 1_000_000  # to send back at most

    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "enable.partition.eof": True}  # so that it is known when all is read


class TransactionalSettings(GroupSettings):
    """A member that consumes and produces in transactions. Times in milliseconds."""

    dlq_topic: Name
    transactional_id: Name  # each instance needs its own: two instances with the same id fence each other for ever
    transaction_timeout_ms: Annotated[int, Field(ge=1000)] = 60_000
    max_batch: Annotated[int, Field(ge=1, le=100_000)] = 10_000  # of a transaction, whose cost hardly depends on them

    own: ClassVar[str] = "TRANSACTIONAL_ID"

    @property
    def identity(self) -> str:
        return self.transactional_id

    @model_validator(mode="after")
    def _outlast_transactions(self) -> Self:
        if self.max_poll_interval_ms <= self.transaction_timeout_ms:
            raise ValueError(
                "MAX_POLL_INTERVAL_MS must exceed TRANSACTION_TIMEOUT_MS: a transaction is finished between two polls"
            )
        return self

    def producer_config(self) -> Config:
        """The transactional producer's; acks=all and idempotence come with transactional.id."""
        return _transactional(
            self.connection(), self.transactional_id, self.transaction_timeout_ms, self.socket_timeout_ms
        )


def _transactional(connection: Config, transactional_id: str, timeout_ms: int, socket_timeout_ms: int) -> Config:
    """What all transactional producers share."""
    return {
        # librdkafka refuses to wait longer for a record than the transaction may last
        **_producing(min(DELIVERY_TIMEOUT_MS, timeout_ms), min(socket_timeout_ms, timeout_ms)),
        **connection,
        "client.id": transactional_id,
        "transactional.id": transactional_id,  # the same after a restart: that fences the producer before it
        "transaction.timeout.ms": timeout_ms,  # the coordinator aborts what is open longer
        "message.max.bytes": UNCOMPRESSED_BYTES,
        # a transaction's records are there all at once; in small batches the client spins until there is room
        "batch.size": 1_000_000,
        # until the last transaction's markers are written, the next is refused: ask again soon, not after 100 ms
        "retry.backoff.ms": 2,
        "retry.backoff.max.ms": 20,
    }


class ForwarderSettings(TransactionalSettings, ValueSettings):
    """The forwarder of orders."""

    group_id: Name = "order-processor"
    input_topic: Name = "order-events"
    processed_topic: Name = "orders-processed"
    notifications_topic: Name = "order-notifications"
    dlq_topic: Name = "order-events-dlq"


class CopySettings(TransactionalSettings):
    """The forwarder that changes nothing."""

    output_topic: Name


def _producing(delivery_timeout_ms: int, socket_timeout_ms: int) -> Config:
    """What all producers share."""
    return {
        "max.in.flight.requests.per.connection": 5,  # the most that keeps order under idempotence
        "message.send.max.retries": 2147483647,  # time bounds the attempts, not their number
        "delivery.timeout.ms": delivery_timeout_ms,
        "batch.size": 64 * 1024,
        "linger.ms": 5,  # fuller batches for five milliseconds
        "queue.buffering.max.kbytes": 64 * 1024,  # buffer.memory, by its name here
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # Java's: the same key, the same partition from every client
        "socket.timeout.ms": socket_timeout_ms,
        "reconnect.backoff.max.ms": 1000,  # 10 s by default: too long after a broker's return
    }

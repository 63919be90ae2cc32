"""The producer, and the producer behind HTTP."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.settings.base import Config, KafkaSettings, Milliseconds, Name, ValueSettings
from pipeline.settings.sending import DELIVERY_TIMEOUT_MS, producing, transactional


class ProducerSettings(KafkaSettings, ValueSettings):
    """The plain producer. Times in milliseconds.

    ACKS=all: an event is ok when every in-sync replica has it, and it is there once. ACKS=1: when its leader has it; a
    leader that dies before its followers have fetched takes it along. ACKS=0: no broker says anything of it, so that no
    event is ever ok. Without idempotence a retry may write an event twice, so both double as well.
    """

    input_topic: Name = Field(default="order-events", description="Where events are sent.")
    acks: Literal["0", "1", "all"] = Field(
        default="all", description="Whose word an event's outcome is; all lose nothing."
    )
    enable_idempotence: bool | None = Field(
        default=None,
        description="A retry is no second record. Unless set: with ACKS=all, and there alone it is possible.",
    )
    delivery_timeout_ms: Milliseconds = Field(
        default=DELIVERY_TIMEOUT_MS,
        description="After that an event without an answer is unknown: it may be in the log.",
    )
    socket_timeout_ms: int = Field(default=60_000, ge=10, le=300_000, description="Of a request to a broker.")

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
            **producing(self.delivery_timeout_ms, self.socket_timeout_ms),
            **self.connection(),
            "client.id": "order-producer",
            "acks": self.acks,
            "enable.idempotence": self.idempotent,  # a retry is no second record, and no record overtakes another
            # without idempotence, a batch that is sent again would land behind the batch after it
            "max.in.flight.requests.per.connection": 5 if self.idempotent else 1,
        }


class ApiSettings(ProducerSettings):
    """The producer behind HTTP. Times in milliseconds."""

    acks: Literal["all"] = Field(default="all", description="201 is a promise: 0 and 1 can lose what was acknowledged.")
    host: Name = Field(default="127.0.0.1", description="Reached from elsewhere only where that is asked for.")
    port: int = Field(default=8080, ge=1, le=65535, description="Where HTTP is served.")
    delivery_timeout_ms: Milliseconds = Field(
        default=30_000, description="No HTTP client waits longer: then 504, unknown."
    )
    max_body_bytes: int = Field(default=65_536, ge=1, le=1_000_000, description="A larger body is refused: 413.")
    max_waiting: int = Field(
        default=10_000, ge=1, description="Events without an answer; more are refused (429), and may come again."
    )
    keys_topic: Name = Field(default="order-keys", description="Of the Idempotency-Keys, compacted.")
    transactional_id: Name = Field(
        default="order-api",
        description="The same after a restart; what is sent under a key is sent by it. Each API its own.",
    )
    transaction_timeout_ms: int = Field(
        default=10_000, ge=1000, description="The coordinator aborts what is open longer."
    )
    database: Name | None = Field(default=None, description="The projector's, which GET /orders/{order_id} reads.")
    idempotency_keys: int = Field(
        default=100_000, ge=1, description="Remembered at most; the oldest are forgotten first."
    )
    idempotency_window_ms: Milliseconds = Field(
        default=600_000, description="So long is a key remembered; a client posts again within minutes."
    )
    stop_ms: Milliseconds = Field(default=5_000, description="From SIGTERM until what is open is given up.")

    def producer_config(self) -> Config:
        """The transactional producer's, for what comes with a key."""
        return transactional(
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

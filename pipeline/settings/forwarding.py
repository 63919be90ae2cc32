"""Members that consume and produce in transactions."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from pipeline.settings.base import Config, Name, ValueSettings
from pipeline.settings.consuming import GroupSettings
from pipeline.settings.sending import transactional


class TransactionalSettings(GroupSettings):
    """A member that consumes and produces in transactions. Times in milliseconds."""

    dlq_topic: Name = Field(description="Of the dead letters.")
    transactional_id: Name = Field(
        description="The same after a restart. Each instance its own: two with the same id fence each other for ever."
    )
    transaction_timeout_ms: int = Field(
        default=60_000, ge=1000, description="The coordinator aborts what is open longer."
    )
    max_batch: int = Field(
        default=10_000, ge=1, le=100_000, description="Records of a transaction, whose cost hardly depends on them."
    )

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
        """The transactional producer's."""
        return transactional(
            self.connection(), self.transactional_id, self.transaction_timeout_ms, self.socket_timeout_ms
        )


class ForwarderSettings(TransactionalSettings, ValueSettings):
    """The forwarder of orders."""

    group_id: Name = Field(default="order-processor", description="The same for all instances.")
    input_topic: Name = Field(default="order-events", description="What is read.")
    processed_topic: Name = Field(default="orders-processed", description="Where orders go.")
    notifications_topic: Name = Field(default="order-notifications", description="Where what customers are told goes.")
    dlq_topic: Name = Field(default="order-events-dlq", description="Of the dead letters.")


class CopySettings(TransactionalSettings):
    """The forwarder that changes nothing."""

    output_topic: Name = Field(description="Where records go.")

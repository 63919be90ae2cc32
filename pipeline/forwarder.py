"""The forwarder: each order event becomes a new state and a notification, exactly once, in the order of its key.

One batch from the consumer is one transaction, from begin to commit between two polls. So no transaction is ever open
when partitions are taken away (callbacks run inside a poll), and there is nothing to finish, nor to lose, in them.
"""

from confluent_kafka import KafkaException, TopicPartition

from pipeline.errors import Abort, RegistryAway, StartOver
from pipeline.events import PoisonError, dead_letter, notification, processed
from pipeline.group_member import Batch, GroupMember, raw
from pipeline.process import Stop, say
from pipeline.settings import ForwarderSettings
from pipeline.transactions import Transactions
from pipeline.values import values_of

MOST_DOUBLINGS = 10  # of a pause


class Forwarder(GroupMember[ForwarderSettings]):
    """One consumer and one transactional id, until told to stop."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self.transactions = Transactions(settings, stop)
        topics = {"order-processed": settings.processed_topic, "order-notification": settings.notifications_topic}
        self.values = values_of(settings, topics)
        self.aborts = 0  # without a commit between

    def _run_once(self) -> None:
        try:
            # first, so that what an earlier life left open is decided before the group's offsets are read
            self.transactions.open()
            with self._joined():
                while not self.stop.requested:
                    batch = self.receive()
                    if batch.messages:
                        self.forward(batch)
        finally:
            self.transactions.close()

    def forward(self, batch: Batch) -> None:
        """Commit all effects of the batch with its offsets; or none of them, and go back to the batch's start."""
        try:
            self.transactions.begin()
            self.send(batch)
            self.transactions.commit(self.offsets(batch), self.consumer.consumer_group_metadata())
            self.aborts = 0
        except (Abort, RegistryAway) as error:
            self.abandon(batch, str(error))

    def send(self, batch: Batch) -> None:
        """Send what the batch's records cause."""
        settings, send, values = self.settings, self.transactions.send, self.values
        for message in batch.messages:
            try:
                event = values.parse(message.value())
            except PoisonError as poison:
                record, where = raw(message)
                send(settings.dlq_topic, dead_letter(poison, record, where))
                say("dead-lettered", place=where, reason=str(poison))
            else:
                send(settings.processed_topic, processed(event, values.encode))
                send(settings.notifications_topic, notification(event, values.encode))

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        """The offsets to commit: the next to read in each partition, as this process has counted them."""
        return [TopicPartition(topic, partition, offset) for (topic, partition), offset in batch.next.items()]

    def abandon(self, batch: Batch, reason: str) -> None:
        """Abort the batch's transaction, and go back to where the batch began."""
        say("aborting", reason=reason, records=len(batch.messages))
        self.transactions.abort()
        self.rewind(batch)
        self.aborts += 1
        self._pause(2 ** min(self.aborts, MOST_DOUBLINGS) * 0.01)

    def rewind(self, batch: Batch) -> None:
        """Aborting does not move the consumer: without this, the next commit would pass over the batch for ever."""
        for topic, partition in batch.first.keys() & self.owned:
            try:
                self.consumer.seek(TopicPartition(topic, partition, batch.first[topic, partition]))
            except KafkaException as exception:
                raise StartOver(f"seek: {exception}") from exception

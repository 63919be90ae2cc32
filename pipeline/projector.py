"""Records done in parallel, those of one key in their order; at least once. What a record is for is `handle`'s affair.

The consumer, and the producer of dead letters, belong to one thread, which never waits for a record: it polls on, and
stays in its group. Workers call `handle`, and know no client. It returns when the record is done, and raises: Away when
a service is not there, as often as that is so; RetriableError when the record may succeed in a few attempts; anything
else when it never will, and then it goes to the dead letters. A PipelineError ends the process.
"""

import time

from confluent_kafka import Consumer, TopicPartition

from pipeline import metrics
from pipeline.errors import PipelineError
from pipeline.group_member import Batch, GroupMember, Partition, commit_offsets, record
from pipeline.letters import dead_letter
from pipeline.outbox import Outbox
from pipeline.process import Stop, say
from pipeline.settings import ProjectorSettings
from pipeline.workers import Handle, Retries, Task, Tenure, Workers

SAY_S = 1.0  # between two lines about what is tried again
STEP_S = 0.05
RESUMED = 0.5  # of what is open at most: to pause is cheap, to go on is not


class Projector(GroupMember[ProjectorSettings]):
    """One consumer, its workers, its dead letters."""

    def __init__(self, settings: ProjectorSettings, stop: Stop, handle: Handle) -> None:
        super().__init__(settings, stop)
        self.handle = handle
        self.tenures: dict[Partition, Tenure] = {}
        self._workers: Workers
        self._dead: Outbox
        self._next_commit = self._next_word = 0.0

    def _run_once(self) -> None:
        settings = self.settings
        retries = Retries(settings.max_attempts, settings.retry_ms / 1000, settings.longest_retry_ms / 1000)
        self.tenures.clear()
        self._dead = Outbox(settings.producer_config())
        handle = metrics.timed(self.handle, settings.input_topic, settings.group_id)
        with Workers(handle, settings.workers, settings.ordering, retries) as self._workers, self._joined():
            while not self.stop.requested:
                self.take(self.receive())
                self._workers.wake()
                self.settle()
                self._hold_back()
                self._say_what_waits()
                if time.monotonic() >= self._next_commit:
                    self.commit()
                    self._next_commit = time.monotonic() + settings.commit_ms / 1000
            self.finish(list(self.tenures.values()), self.stop.seconds_left(float("inf")))

    def take(self, batch: Batch) -> None:
        """Hand records to the workers."""
        for message in batch.messages:
            found = record(message)
            tenure = self.tenures[found.place[:2]]
            tenure.progress.take(found.offset)
            tenure.size += found.size
            self._workers.add(found, tenure)

    def settle(self) -> None:
        """Note what is done. A record that failed is done when its letter has arrived: before, both could be lost."""
        for task in self._workers.finished():
            task.tenure.size -= task.record.size
            if not self._is_current(task.tenure):
                continue  # its next owner does it again, and writes its letter
            if task.failure is None:
                task.tenure.progress.finish(task.record.offset)
            elif isinstance(task.failure, PipelineError) or not isinstance(task.failure, Exception):
                raise task.failure
            else:
                self._bury(task, task.failure)
        self._dead.serve()

    def commit(self) -> None:
        """Commit up to the first record that is not done. A failure loses nothing: the next commit covers it."""
        due = {
            tenure.partition: tenure.progress.position
            for tenure in self.tenures.values()
            if tenure.progress.position is not None and tenure.progress.position != tenure.committed
        }
        if not due:
            return
        for partition in commit_offsets(self.consumer, due):
            self.tenures[partition].committed = due[partition]

    def finish(self, tenures: list[Tenure], seconds: float) -> None:
        """Bring what is in hand to its end, within a bound, and commit it; what is not begun is the next owner's."""
        until = time.monotonic() + seconds
        self._workers.end(tenures, seconds)
        self.settle()
        while self._dead.waiting and time.monotonic() < until:
            self._dead.serve(STEP_S)
        self.commit()

    def _is_current(self, tenure: Tenure) -> bool:
        return self.tenures.get(tenure.partition) is tenure

    def _bury(self, task: Task, failure: Exception) -> None:
        letter = dead_letter(failure, task.record, self.settings.group_id, task.attempts, task.failed)
        say("dead-lettered", place=task.record.place, reason=str(failure), attempts=task.attempts)
        self._dead.send(self.settings.dlq_topic, letter, lambda: task.tenure.progress.finish(task.record.offset))

    def _hold_back(self) -> None:
        """Fetch no more of a partition that has too much open, until half of that is done."""
        for tenure in self.tenures.values():
            where = [TopicPartition(*tenure.partition)]
            filled = max(tenure.progress.open / self.settings.max_open, tenure.size / self.settings.max_open_bytes)
            if not tenure.paused and filled >= 1:
                self.consumer.pause(where)
                tenure.paused = True
            elif tenure.paused and filled <= RESUMED:
                self.consumer.resume(where)
                tenure.paused = False

    def _say_what_waits(self) -> None:
        if time.monotonic() < self._next_word:
            return
        self._next_word = time.monotonic() + SAY_S
        waiting = self._workers.waiting()
        if waiting:
            oldest = min(waiting, key=lambda task: task.failed or (0, 0))
            say("trying again", reason=str(oldest.failure), attempts=oldest.attempts, records=len(waiting))

    # called by the client, inside a poll or a close

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(_consumer, partitions)
        for partition in partitions:
            self.tenures[partition.topic, partition.partition] = Tenure((partition.topic, partition.partition))
        # the client keeps a pause beyond its assignment: what went while it was paused would stand still for ever
        self.consumer.resume(partitions)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.finish(self._of(partitions), self.settings.revoke_ms / 1000)  # or the next owner would do it again
        super()._on_revoke(_consumer, partitions)
        self._forget(partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_lost(_consumer, partitions)
        self._workers.end(self._of(partitions), 0)  # another may have gone on already: nothing of it is committed
        self._forget(partitions)

    def _of(self, partitions: list[TopicPartition]) -> list[Tenure]:
        return [self.tenures[found] for p in partitions if (found := (p.topic, p.partition)) in self.tenures]

    def _forget(self, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self.tenures.pop((partition.topic, partition.partition), None)

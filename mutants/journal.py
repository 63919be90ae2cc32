"""What a mutant was about to do, written down before it did it: from this its exact witnesses follow.

One JSON object a line:
  {"t": seconds since the epoch, "instance": transactional id, "process": pid, "batch": number within the process,
   "act": a word of those below, "ids": [event ids], "offsets": {"topic[partition]": next offset to read}}
acts, of one batch, in the order in which they come; each class says what it writes:
  commit → committed → (the reference's transaction) → produced; aborting; passed-over or dropped, in a later batch
  produce → produced → (the consumer's commit); ahead: read already when the batch before it was committed
  going-back, with the offsets that it goes to; paused, with the place; committed
  sent → renamed or spoilt, of some of them; sent, with the offsets that it begins at
  in-order, reversed, or as-told: its ids stand in the order in which they were sent
  write → written, or skipped; taken → done, or left, of a batch or of single records; held → sent, of letters
  answered → delivered, of a producer; swallowed, dropped, left, again
  ending, of a process
An act in its plain form is written before the deed, in its past form after it. Each line is one write to a file that
is only ever appended to, so a killed process can cut short no more than its own last line.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.group_member import Batch, Partition


@dataclass(frozen=True)
class Row:
    """A line of a journal, or of several journals merged by time."""

    t: float
    instance: str
    process: int
    batch: int
    act: str
    ids: tuple[str, ...]
    offsets: dict[str, int]


class Journal:
    """Appends to `path`. Processes may share the file, since each line is one write."""

    def __init__(self, path: Path, instance: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._instance = instance
        self._batch = 0

    def next_batch(self) -> None:
        self._batch += 1

    def write(self, act: str, batch: Batch, offsets: Mapping[Partition, int] | None = None) -> None:
        """`offsets`: unless given, those that follow the batch."""
        self.note(act, [message.headers() for message in batch.messages], offsets or batch.next)

    def note(self, act: str, headers: Sequence[object], offsets: Mapping[Partition, int]) -> None:
        """A line about the records with these headers."""
        ids = [event_id(found) for found in headers]
        row = {
            "t": time.time(),
            "instance": self._instance,
            "process": os.getpid(),
            "batch": self._batch,
            "act": act,
            "ids": [found for found in ids if found],
            "offsets": {f"{topic}[{part}]": offset for (topic, part), offset in offsets.items()},
        }
        os.write(self._file, json.dumps(row).encode() + b"\n")


def event_id(headers: object) -> str | None:
    """The id that the input's header carries; poison has it too."""
    for name, value in headers if isinstance(headers, list) else []:
        if name == "event-id" and value is not None:
            return value.decode() if isinstance(value, bytes) else str(value)
    return None


def read(paths: Sequence[Path]) -> list[Row]:
    """All rows of these journals, in the order of time; a last line that was cut short is left out."""
    rows = []
    for path in paths:
        for line in path.read_bytes().split(b"\n")[:-1]:
            fields = json.loads(line)
            rows.append(Row(**{**fields, "ids": tuple(fields["ids"])}))
    return sorted(rows, key=lambda row: row.t)

"""What became of each record that a share group was given, from `__share_group_state`, the log of its coordinator.

A partition's leader writes there what the group's members have said of records: acknowledged, or let go, to be
delivered again; and what it has given up itself (archived). Who has a record in hand is in the leader's memory alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from streamproof.recording.batches import Place
from streamproof.recording.log_records import LogRecord, Row, Schemas, in_order, kind_of, read_record

STATES: Final = {0: "available", 2: "acknowledged", 4: "archived"}
_DONE: Final = {"acknowledged", "archived"}
_KINDS: Final = {0: "ShareSnapshot", 1: "ShareUpdate"}
_State = tuple[str, int]  # in words, and how often the record was delivered
_NONE: Final = ("", 0)


class ShareStates:
    """Takes the records of the log as they come. `states`, `starts`: rows of share_state, and of offset_commit.

    Many records of the log repeat what is known, as snapshots do: a row is of what is new. `given`: the offsets that
    the group is given of each partition, as far as they are known; of others, such as those of markers, the log need
    not tell anything. A group is done with all that lies before its start in a partition. The log tells a start late:
    here it moves as soon as what lies there is acknowledged or archived.
    """

    def __init__(self, grp: str, schemas: Schemas, given: Mapping[Place, Sequence[int]]) -> None:
        self.states: list[Row] = []
        self.starts: list[Row] = []
        self._grp, self._schemas, self._given = grp, schemas, given
        self._parts: dict[Place, _Part] = {}
        self._n = 0

    def take(self, records: Iterable[LogRecord], topic_names: Mapping[str, str]) -> None:
        """`topic_names`: by the topic's id. HistoryError where a record of a known kind cannot be read."""
        for record in in_order(records):
            if name := _KINDS.get(kind_of(record)):
                self._take(record, name, topic_names)
            self._n += 1

    def start_of(self) -> Mapping[Place, int]:
        """Of each partition the first record that the group is not done with."""
        return {place: part.start for place, part in self._parts.items() if part.start is not None}

    def _take(self, record: LogRecord, name: str, topic_names: Mapping[str, str]) -> None:
        key, value = read_record(record, kind_of(record), name, self._schemas)
        topic_id = str(key["topicId"])
        place = topic_names.get(topic_id, topic_id), key["partition"]
        if key["groupId"] != self._grp:
            return
        if value is None:  # the group is gone, or the topic
            self._parts.pop(place, None)
            return
        part = self._parts.setdefault(place, _Part())
        row = {"grp": self._grp, "topic": place[0], "part": place[1], "n": self._n, "t_append": record.t_append}
        part.begin(value.get("stateEpoch", part.epoch))
        for batch in value["stateBatches"]:
            state = STATES.get(batch["deliveryState"], f"state {batch['deliveryState']}"), batch["deliveryCount"]
            for first, last in part.changed(range(batch["firstOffset"], batch["lastOffset"] + 1), state):
                new = {"first_off": first, "last_off": last, "state": state[0], "deliveries": state[1]}
                self.states.append(row | new)
        if part.move(value["startOffset"], self._given.get(place, ())):
            commit = {"off": part.start, "pid": -1, "epoch": -1, "leader_epoch": record.leader_epoch}
            self.starts.append(row | commit | {"transactional": False, "visible": True})


class _Part:
    """A partition as one group has it. `epoch`: how often its start was set anew, from outside; -1: not known."""

    def __init__(self) -> None:
        self.epoch = -1
        self._told = -1
        self._at = 0  # of what is given, the first that is not done with
        self.start: int | None = None
        self._known: dict[int, _State] = {}

    def begin(self, epoch: int) -> None:
        """Forget all, if this is another epoch."""
        if self.epoch not in {epoch, -1}:
            self._told, self._at, self.start = -1, 0, None
            self._known.clear()
        self.epoch = epoch

    def changed(self, offsets: range, state: _State) -> Iterator[tuple[int, int]]:
        """Note a state; the ranges of which it is new."""
        new = [off for off in offsets if self._known.get(off) != state]
        self._known.update(dict.fromkeys(new, state))
        for _, run in groupby(enumerate(new), lambda nth: nth[1] - nth[0]):
            ends = [off for _, off in run]
            yield ends[0], ends[-1]

    def move(self, told: int, given: Sequence[int]) -> bool:
        """Move the start, by what the log tells of it, -1 for nothing, and by what is known; whether it has moved."""
        before = self.start
        if told >= 0:
            for off in range(self._told, told) if self._told >= 0 else ():
                self._known.pop(off, None)  # nothing will be said of it again
            self._told = max(told, self._told)
            self.start = max(told, self.start or 0)
        if self.start is None:
            return False
        while self._at < len(given) and (given[self._at] < self.start or self._is_done(given[self._at])):
            self.start = max(self.start, given[self._at] + 1)
            self._at += 1
        return self.start != before

    def _is_done(self, off: int) -> bool:
        return self._known.get(off, _NONE)[0] in _DONE

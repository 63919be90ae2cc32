"""Looks at a cluster again and again, and what the last of them tell."""

import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from streamproof.errors import ClusterError
from streamproof.lag.document import LagReport, report_of
from streamproof.lag.look import DEAD_LETTERS, Look, look
from streamproof.lag.states import WINDOW


class Monitor:
    """Keeps a window of looks at `groups`, or at all groups; `dead_letters`: patterns of topics' names."""

    def __init__(
        self, bootstrap: str, groups: Sequence[str] = (), dead_letters: Collection[str] = DEAD_LETTERS
    ) -> None:
        self._bootstrap, self._groups, self._dead_letters = bootstrap, groups, dead_letters
        self._looks: deque[Look] = deque(maxlen=WINDOW)

    def look(self) -> LagReport:
        """Look once more; ClusterError when the brokers do not say."""
        self._looks.append(look(self._bootstrap, self._groups, self._dead_letters))
        return report_of(tuple(self._looks))

    def watch(self, interval_s: float) -> Iterator[LagReport | ClusterError]:
        """What each look told, or why it told nothing, `interval_s` seconds after the look before began."""
        while True:
            began = time.monotonic()
            try:
                yield self.look()
            except ClusterError as error:
                yield error
            time.sleep(max(0.0, began + interval_s - time.monotonic()))

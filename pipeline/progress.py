"""How far a partition may be committed, when its records are done out of order. Knows neither Kafka nor threads."""

from collections import deque


class Progress:
    """Offsets as they were taken, each greater than the one before, not always by one; and which of them are done."""

    def __init__(self) -> None:
        self._taken: deque[int] = deque()  # from the first that is not done
        self._done: set[int] = set()
        self.position: int | None = None  # the next to read, if it all ended now; None before anything is done

    def take(self, offset: int) -> None:
        self._taken.append(offset)

    def finish(self, offset: int) -> None:
        """To commit past the first that is not done would lose it, however many after it are."""
        self._done.add(offset)
        while self._taken and self._taken[0] in self._done:
            first = self._taken.popleft()
            self._done.remove(first)
            self.position = first + 1

    @property
    def open(self) -> int:
        """How many were taken and are not below the position: so many are done again after a crash, at most."""
        return len(self._taken)

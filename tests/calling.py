"""A call of the command, and what it came to."""

from collections.abc import Callable


class Called:
    """What a call of the command came to."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Call = Callable[..., Called]

FAULT = '{{"seed": 1, "faults": [{{"kind": "{}", "target": "{}", "at": {}}}]}}'  # a plan of one fault

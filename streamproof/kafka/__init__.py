"""One small Kafka client: requests in the plain protocol, and what they ask of a cluster.

Functions of `topics`, `leaders`, `groups` and `transactions` take bootstrap addresses, ask afresh, wait while the
cluster is electing or loading (at most `requests.PATIENCE_S` seconds), and raise `ClusterError` when it cannot answer.
All in the plain protocol: the client library cannot ask half of it, and prints to stderr when brokers die.
"""

import importlib
import sys


def _import_kio() -> None:
    """Where Hypothesis is installed, kio makes strategies of its types, which leaves a directory in the user's own."""
    hidden = "hypothesis" not in sys.modules
    if hidden:
        sys.modules["hypothesis"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("kio.static.primitive")
    finally:
        if hidden:
            del sys.modules["hypothesis"]


_import_kio()

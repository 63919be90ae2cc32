"""The whole of `streamproof verify`, from command to verdict: 20,000 events, two instances, the default plan, warm."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RUNS = 3
TARGET_S = 25.0


def whole_run() -> list[dict[str, Any]]:
    """The median of some runs, in seconds; the peer is the target, since nobody else does this."""
    taken = []
    for seed in range(1, RUNS + 1):
        with tempfile.TemporaryDirectory() as directory:
            started = time.perf_counter()
            command = [sys.executable, "-m", "streamproof", "verify", "--seed", str(seed)]
            subprocess.run([*command, "--directory", Path(directory) / "run"], check=True, stdout=subprocess.DEVNULL)
            taken.append(time.perf_counter() - started)
    median = sorted(taken)[RUNS // 2]
    return [
        {
            "name": "verify, 20,000 events, default plan",
            "value": median,
            "unit": "s",
            "peer": "target",
            "peer_value": TARGET_S,
            "ratio": median / TARGET_S,
        }
    ]

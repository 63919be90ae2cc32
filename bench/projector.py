"""How well workers keep busy by key, beside Confluent's parallel consumer and what the keys themselves allow.

10,000 records in one partition, each 0 to 5 ms of waiting, 100 workers. The best that any consumer can do is the
longest sum of a key's work, or all work spread over all workers. Both measure from the first record begun to the last
record done.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from pipeline.events import Record
from pipeline.process import Stop
from pipeline.projector import Projector
from pipeline.settings import ProjectorSettings
from streamproof.cluster import start_embedded
from streamproof.cluster.artifacts import cached, parse_pins
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics

RECORDS = 10_000
WORKERS = 100
LONGEST_MS = 5
KEYS = (1, 2, 5, 10, 20, 50, 1000)
REPEATS = 3  # of what is over soon; a long run is its own average
LONG_S = 2.0
HERE = Path(__file__).parent
PINS = HERE / "parallel-consumer-0.5.3.3.toml"
PEER = "Confluent's parallel consumer 0.5.3.3"
PATIENCE_S = 180.0


def projector() -> list[dict[str, Any]]:
    """Seconds divided by the least that the keys allow, medians."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as classes,
        Guardian() as guardian,
        start_embedded(guardian, brokers=1, logs=guardian.directory / "logs") as cluster,
    ):
        java = compiled(Path(classes))
        servers = cluster.bootstrap_servers
        for keys in KEYS:
            topic = f"keys-{keys}"
            create_topics(servers, {topic: 1}, replication=1)
            ideal = fill(servers, topic, keys)
            python = [sys.executable, "-m", "bench.projector"]
            arguments = [str(WORKERS), str(RECORDS)]
            ours, theirs = [], []
            for n in range(1 if ideal > LONG_S else REPEATS):  # by turns, so that both meet the same machine
                ours.append(seconds([*python, servers, topic, f"ours-{keys}-{n}", *arguments]))
                theirs.append(seconds([*java, servers, topic, f"theirs-{keys}-{n}", *arguments]))
            value, peer = statistics.median(ours) / ideal, statistics.median(theirs) / ideal
            rows.append(
                {
                    "name": f"by key, {keys} keys, ideal {ideal:.2f} s", "value": round(value, 2), "unit": "× ideal",
                    "peer": PEER, "peer_value": round(peer, 2), "ratio": round(value / peer, 2),
                }
            )  # fmt: skip
    return rows


def compiled(classes: Path) -> list[str]:
    """The command of the peer, but for its arguments."""
    if not shutil.which("javac"):
        raise RuntimeError("no javac: a JDK of 17 or later compiles the peer")
    path = os.pathsep.join(map(str, (classes, *cached(parse_pins(tomllib.loads(PINS.read_text()))))))
    subprocess.run(["javac", "-cp", path, "-d", classes, HERE / "ParallelLoop.java"], check=True, timeout=120)
    return ["java", "-cp", path, "ParallelLoop"]


def fill(servers: str, topic: str, keys: int) -> float:
    """Write the records, whose values are microseconds of work; the least that all of it can take, in seconds."""
    chance, of_key = random.Random(keys), [0] * keys  # noqa: S311 - the same for all
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5})
    for _ in range(RECORDS):
        key, work = chance.randrange(keys), chance.randrange(LONGEST_MS * 1000)
        of_key[key] += work
        producer.produce(topic, str(work), str(key))
    if producer.flush(60):
        raise RuntimeError("the input was not delivered")
    return max(*of_key, sum(of_key) / WORKERS) / 1e6


def seconds(command: list[str]) -> float:
    """What a process of its own says that it took."""
    told = subprocess.run(command, check=True, timeout=PATIENCE_S, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(told.stdout)


def loop(servers: str, topic: str, group: str, workers: int, records: int) -> None:
    """The reference, with work that only waits."""
    settings = ProjectorSettings(
        kafka_bootstrap_servers=servers, input_topic=topic, group_id=group, workers=workers, database="none"
    )
    stop = Stop(settings.stop_ms)
    done, begun, ended, lock = 0, 0.0, 0.0, threading.Lock()

    def handle(record: Record) -> None:
        nonlocal done, begun, ended
        begun = begun or time.perf_counter()
        time.sleep(int(record.value or b"0") / 1e6)
        with lock:
            done += 1
        if done == records:
            ended = time.perf_counter()
            stop.request()

    Projector(settings, stop, handle).run()
    print(ended - begun)


if __name__ == "__main__":
    loop(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))

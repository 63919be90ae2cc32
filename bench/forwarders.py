"""The forwarders that are measured: how each is started, with its commits at the interval that is asked for."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from streamproof.cluster import DEFAULT_VERSION, kafka_jars
from streamproof.cluster.artifacts import cached, parse_pins

ROOT = Path(__file__).parent.parent
STREAMS = ROOT / "examples" / "kafka-streams" / "src" / "main" / "java" / "Forward.java"
STREAMS_PINS = ROOT / "tests" / "foreign" / "kafka-streams-4.3.1.toml"
DEAD = "dead"
QUIX = ROOT / "examples" / "quix-streams"


@dataclass(frozen=True)
class Job:
    """What a forwarder is to do. `commit_ms`: between two commits; `max_batch`: records between them at most."""

    servers: str
    group: str
    directory: Path  # of its own
    commit_ms: int
    max_batch: int
    input_topic: str
    output_topic: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "GROUP_ID": self.group,
            "TRANSACTIONAL_ID": self.group,
            "INPUT_TOPIC": self.input_topic,
            "OUTPUT_TOPIC": self.output_topic,
            "DLQ_TOPIC": DEAD,
            "MAX_BATCH": str(self.max_batch),
            "BATCH_MS": str(self.commit_ms),
            "COMMIT_INTERVAL": str(self.commit_ms / 1000),
            "COMMIT_INTERVAL_MS": str(self.commit_ms),
            "VALUES": "bytes",
            "STATE_DIR": str(self.directory),
        }


Command = Callable[[Job], list[str]]


def python(*module: str) -> Command:
    return lambda _job: [sys.executable, "-m", *module]


def quix_streams(_job: Job) -> list[str]:
    """In an environment of its own, since it pins its client."""
    _build_quix_streams()
    return [str(QUIX / ".venv" / "bin" / "python"), str(QUIX / "forward.py")]


@cache
def _build_quix_streams() -> None:
    subprocess.run([QUIX / "build"], check=True)


def kafka_streams(job: Job) -> list[str]:
    """One thread, exactly_once_v2; needs a JDK."""
    pins = parse_pins(tomllib.loads(STREAMS_PINS.read_text()))
    path = os.pathsep.join(map(str, (job.directory, *cached(pins), *kafka_jars(DEFAULT_VERSION))))
    subprocess.run(["javac", "-cp", path, "-d", job.directory, STREAMS], check=True)
    return ["java", "-Xmx1g", f"-Djava.io.tmpdir={job.directory}", "-cp", path, STREAMS.stem]


@contextmanager
def running(command: Command, job: Job) -> Iterator["subprocess.Popen[bytes]"]:
    """The forwarder's process; what it says is in its directory."""
    job.directory.mkdir(parents=True)
    with (job.directory / "log").open("wb") as log:
        process = subprocess.Popen(command(job), env=job.environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

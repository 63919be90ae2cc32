"""Apache Kafka's jars: pinned by coordinates, size and SHA-256, fetched once, checked before they are used.

A version is a file in `pins/`, made by `python -m streamproof.cluster.pin VERSION`. What the pins list is downloaded as
it is: nothing is resolved on a user's machine, so nothing there can choose another version of a library.
"""

import hashlib
import json
import shutil
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.cluster.cache import cache_directory, making, write_whole, writing
from streamproof.errors import ArtifactError, UsageError

DEFAULT_VERSION = "4.3.1"
PINS = Path(__file__).parent / "pins"
DOWNLOADS = 6  # at the same time
MB = 1_000_000

Say = Callable[[str], None]  # called with what is being done now, for people


def silent(_: str) -> None:
    pass


@dataclass(frozen=True)
class Jar:
    """An artifact of Maven Central. `size` in bytes, which tells a half-written file from an altered file.

    `kind`: what follows the version in its coordinates where it is no plain jar, such as `all:tar.gz`.
    """

    group: str
    artifact: str
    version: str
    size: int
    sha256: str
    kind: str = ""

    @property
    def name(self) -> str:
        classifier, _, packaging = self.kind.partition(":")
        return f"{self.artifact}-{self.version}{classifier and f'-{classifier}'}.{packaging or 'jar'}"

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`, and `:classifier:packaging` where it is no plain jar."""
        return f"{self.group}:{self.artifact}:{self.version}{self.kind and f':{self.kind}'}"

    @property
    def path(self) -> Path:
        return cache_directory() / "jars" / self.group / self.name


@dataclass(frozen=True)
class Release:
    """A version of Apache Kafka: its jars, and the feature levels that a cluster formatted with it finalizes.

    `logging` is the logging library that its jars bind to: log4j2, or reload4j before 4.0.
    """

    version: str
    logging: str
    features: Mapping[str, int]
    jars: tuple[Jar, ...]


def versions() -> tuple[str, ...]:
    """Every version that has pins, newest first."""
    found = [path.stem.removeprefix("kafka-") for path in PINS.glob("kafka-*.toml")]
    return tuple(sorted(found, key=lambda v: [int(n) for n in v.split(".")], reverse=True))


def release(version: str = DEFAULT_VERSION) -> Release:
    """The pins of a version; `UsageError` when there are none."""
    path = PINS / f"kafka-{version}.toml"
    if not path.is_file():
        raise UsageError(f'Apache Kafka "{version}" is not known here; choose one of {", ".join(versions())}')
    return parse_pins(tomllib.loads(path.read_text()))


def parse_pins(document: Mapping[str, Any]) -> Release:
    return Release(
        version=document["version"],
        logging=document["logging"],
        features=dict(document["features"]),
        jars=tuple(Jar(*coordinates.split(":"), **pin) for coordinates, pin in document["jars"].items()),
    )


def kafka_jars(version: str = DEFAULT_VERSION, say: Say = silent) -> tuple[Path, ...]:
    """The class path of a version, downloaded on first use (network: only then).

    `ArtifactError` when a jar cannot be had, is not the pinned jar, or cannot be kept.
    """
    return cached(release(version), say)


def cached(wanted: Release, say: Say = silent) -> tuple[Path, ...]:
    stamps = cache_directory() / f"kafka-{wanted.version}" / "checked.json"
    if not _were_checked(wanted, stamps):
        with making(cache_directory() / "jars"), writing():
            missing = [jar for jar in wanted.jars if not _intact(jar)]
            if missing:
                download(missing, cache_directory() / "incoming", f"Apache Kafka {wanted.version}", say, _keep)
            write_whole(stamps, json.dumps(_stamps(wanted)).encode())
    return tuple(jar.path for jar in wanted.jars)


def _were_checked(wanted: Release, stamps: Path) -> bool:
    """Whether each jar is as it was when it was checked against its pin, as far as its size and time tell."""
    try:
        return bool(json.loads(stamps.read_bytes()) == _stamps(wanted))
    except (OSError, ValueError):
        return False


def _stamps(wanted: Release) -> dict[str, list[Any]]:
    """Of each jar by its path, without reading it."""
    states = {jar: jar.path.stat() for jar in wanted.jars}
    return {str(jar.path): [state.st_size, state.st_mtime_ns, jar.sha256] for jar, state in states.items()}


def _intact(jar: Jar) -> bool:
    """Whether the cache holds the jar: false when it is absent or half written, `ArtifactError` when altered."""
    if not jar.path.is_file() or jar.path.stat().st_size < jar.size:
        return False
    _check(jar, jar.path)
    return True


def _check(jar: Jar, path: Path) -> None:
    """`ArtifactError` when the file at `path` is another than the pinned jar."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != jar.sha256:
        raise ArtifactError(
            f"{jar.name} does not match its pinned SHA-256 (expected {jar.sha256}, found {digest}); "
            f"if {path} is still there, remove it; try again, or check your mirror"
        )


def download(jars: Sequence[Jar], incoming: Path, what: str, say: Say, keep: Callable[[Jar, Path], None]) -> None:
    """Fetch `jars` into the directory `incoming`, and call `keep` with each as soon as it is there and checked.

    `say` is called at each megabyte. What `keep` leaves in `incoming` is removed. `ArtifactError` when a jar
    cannot be had, or is not as it is pinned.
    """
    from streamproof.cluster.maven import fetch  # noqa: PLC0415 - a quarter second, for the first run alone

    shutil.rmtree(incoming, ignore_errors=True)  # of a download that did not end
    incoming.mkdir()
    total, done, lock = sum(jar.size for jar in jars), 0, threading.Lock()

    def received(size: int) -> None:
        nonlocal done
        with lock:
            before, done = done, done + size
            if before == 0 or done // MB > before // MB:
                say(f"downloading {what}: {done // MB} of {total // MB} MB")

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        futures = {pool.submit(fetch, jar.coordinates, incoming, received): jar for jar in jars}
        try:
            for future in as_completed(futures):
                _check(futures[future], future.result())
                keep(futures[future], future.result())
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(incoming, ignore_errors=True)


def _keep(jar: Jar, fetched: Path) -> None:
    jar.path.parent.mkdir(parents=True, exist_ok=True)
    fetched.replace(jar.path)

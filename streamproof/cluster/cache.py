"""The per-user cache: where it is, and a lock for its writers."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import platformdirs

from streamproof.errors import ArtifactError

CACHE_DIR = "STREAMPROOF_CACHE_DIR"


def cache_directory() -> Path:
    """`STREAMPROOF_CACHE_DIR`, or the platform's place for caches."""
    return Path(os.environ.get(CACHE_DIR) or platformdirs.user_cache_path("streamproof"))


@contextmanager
def making(what: Path) -> Iterator[None]:
    """Hold the lock of `what` in the cache; other runs wait. `ArtifactError` when the cache cannot be written."""
    lock = filelock.FileLock(what.with_name(f".{what.name}.lock"))
    with writing():
        what.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_once(what: Path, make: Callable[[], None]) -> None:
    """Call `make` if `what` is not in the cache, and no other run is quicker. Errors are those of `making`."""
    if not what.exists():
        with making(what):
            if not what.exists():
                make()


@contextmanager
def writing() -> Iterator[None]:
    """`ArtifactError` for an OSError of the block, which writes to the cache."""
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"the cache {cache_directory()} cannot be written ({error.strerror or error}); "
            f"make it writable, or set {CACHE_DIR} to a directory that is"
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """The file at `path` appears whole, or not at all. `ArtifactError` when the cache cannot be written."""
    temporary = path.with_suffix(".tmp")
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)

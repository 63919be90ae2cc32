"""The per-user cache: where it is, and one writer at a time."""

import os
from collections.abc import Iterator
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
    """Hold the lock of one thing in the cache; other runs wait. `ArtifactError` when the cache cannot be written."""
    lock = filelock.FileLock(what.with_name(f".{what.name}.lock"))
    try:
        what.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise unwritable(error) from error
    try:
        yield
    finally:
        lock.release()


def unwritable(error: OSError) -> ArtifactError:
    return ArtifactError(
        f"the cache {cache_directory()} cannot be written ({error.strerror or error}); "
        f"make it writable, or set {CACHE_DIR} to a directory that is"
    )

"""Apicurio Registry as it is distributed: one pinned archive, fetched once, unpacked once into the cache."""

import shutil
import tarfile
import tomllib
from pathlib import Path

from streamproof.cluster.artifacts import PINS, Jar, Say, check, silent
from streamproof.cluster.cache import cache_directory, making, unwritable
from streamproof.errors import ArtifactError

MB = 1_000_000


def pinned() -> Jar:
    """The archive of the version that is used."""
    return Jar(**tomllib.loads((PINS / "apicurio-registry.toml").read_text()))


def distribution(progress: Say = silent) -> Path:
    """The directory that holds `quarkus-run.jar`, downloaded on first use (network: only then).

    `ArtifactError` when it cannot be had, is not the pinned one, or cannot be kept.
    """
    archive = pinned()
    home = cache_directory() / f"{archive.artifact}-{archive.version}"
    if not home.is_dir():
        with making(home):
            if not home.is_dir():  # another run may have made it meanwhile
                try:
                    _make(archive, home, progress)
                except OSError as error:
                    raise unwritable(error) from error
    return home


def _make(archive: Jar, home: Path, progress: Say) -> None:
    """Download, check and unpack beside `home`, which then appears whole, or not at all."""
    from streamproof.cluster.maven import fetch  # noqa: PLC0415 - a quarter second, for the first run alone

    incoming = home.with_name(f"{home.name}.incoming")
    shutil.rmtree(incoming, ignore_errors=True)  # of a run that did not end
    incoming.mkdir()
    what = f"Apicurio Registry {archive.version}"
    said = -1

    def tell(done: int, size: int) -> None:
        nonlocal said
        if done // MB > said:
            said = done // MB
            progress(f"downloading {what}: {said} of {size // MB} MB")

    try:
        fetched = fetch(archive.coordinates, incoming, tell)
        check(archive, fetched)
        progress(f"unpacking {what}")
        _unpack(fetched, incoming / "unpacked")
    except tarfile.TarError as error:
        raise ArtifactError(f"{archive.name} cannot be unpacked ({error}); try again, or check your mirror") from error
    else:
        (incoming / "unpacked").replace(home)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _unpack(archive: Path, into: Path) -> None:
    """TarError for what would be written elsewhere. The standard library's own filter came with Python 3.11.4."""
    with tarfile.open(archive) as tar:
        for one in tar:
            place = (into / one.name).resolve()
            if not (one.isfile() or one.isdir()) or not place.is_relative_to(into.resolve()):
                raise tarfile.TarError(f"{one.name} is no file or directory within it")
            if one.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif content := tar.extractfile(one):
                place.parent.mkdir(parents=True, exist_ok=True)
                with content, place.open("wb") as file:
                    shutil.copyfileobj(content, file)

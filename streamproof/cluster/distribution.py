"""Apicurio Registry as it is distributed: a pinned archive, fetched once, and unpacked once into the cache."""

import shutil
import tarfile
import tomllib
from pathlib import Path

from streamproof.cluster.artifacts import PINS, Jar, Say, download, silent
from streamproof.cluster.cache import cache_directory, make_once, writing
from streamproof.errors import ArtifactError


def pinned() -> Jar:
    """The archive of the version that is used."""
    return Jar(**tomllib.loads((PINS / "apicurio-registry.toml").read_text()))


def distribution(say: Say = silent) -> Path:
    """The directory that holds `quarkus-run.jar`; the archive is downloaded on first use (network: only then).

    `ArtifactError` when it cannot be had, is not the pinned archive, or cannot be kept.
    """
    archive = pinned()
    home = cache_directory() / f"{archive.artifact}-{archive.version}"
    make_once(home, lambda: _make(archive, home, say))
    return home


def _make(archive: Jar, home: Path, say: Say) -> None:
    """Download, check and unpack beside `home`, which then appears whole, or not at all."""
    incoming = home.with_name(f"{home.name}.incoming")
    what = f"Apicurio Registry {archive.version}"

    def unpack(_: Jar, fetched: Path) -> None:
        say(f"unpacking {what}")
        _unpack(fetched, incoming / "unpacked")
        (incoming / "unpacked").replace(home)

    try:
        with writing():
            download([archive], incoming, what, say, unpack)
    except tarfile.TarError as error:
        raise ArtifactError(f"{archive.name} cannot be unpacked ({error}); try again, or check your mirror") from error


def _unpack(archive: Path, into: Path) -> None:
    """TarError for a member that would lie elsewhere. The standard library's own filter came with Python 3.11.4."""
    with tarfile.open(archive) as tar:
        for member in tar:
            place = (into / member.name).resolve()
            if not (member.isfile() or member.isdir()) or not place.is_relative_to(into.resolve()):
                raise tarfile.TarError(f"{member.name} is no file or directory within it")
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif content := tar.extractfile(member):
                place.parent.mkdir(parents=True, exist_ok=True)
                with content, place.open("wb") as file:
                    shutil.copyfileobj(content, file)

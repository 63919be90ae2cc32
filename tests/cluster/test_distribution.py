"""The registry's archive: the pinned archive or none, fetched once, unpacked whole."""

import hashlib
import io
import tarfile
import threading
from pathlib import Path

import pytest

from streamproof.cluster import distribution as module
from streamproof.cluster.artifacts import Jar
from streamproof.cluster.distribution import distribution, pinned
from streamproof.errors import ArtifactError
from tests.cluster.mirror import Mirror


def archive(name: str = "quarkus-run.jar", link: str | None = None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        if link is None:
            entry.size = 3
        else:
            entry.type, entry.linkname = tarfile.SYMTYPE, link
        tar.addfile(entry, io.BytesIO(b"jar"))
    return made.getvalue()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mirror:
    mirror = Mirror(archive())
    pin_to(mirror, monkeypatch)
    monkeypatch.setenv("STREAMPROOF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("streamproof.cluster.maven.fetch", mirror.fetch)
    return mirror


def pin_to(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    content = mirror.content or b""
    jar = Jar("org.example", "registry", "1.0", len(content), hashlib.sha256(content).hexdigest(), "all:tar.gz")
    monkeypatch.setattr(module, "pinned", lambda: jar)


def test_it_is_fetched_and_unpacked_once(mirror: Mirror, tmp_path: Path) -> None:
    """What the cache holds needs no network again; the archive itself is not kept; the first run says what it does."""
    messages: list[str] = []
    home = distribution(messages.append)
    assert (home / "quarkus-run.jar").read_bytes() == b"jar"
    mirror.content = None
    assert distribution(messages.append) == home
    assert mirror.fetched == 1
    assert messages == ["downloading Apicurio Registry 1.0: 0 of 0 MB", "unpacking Apicurio Registry 1.0"]
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")] == ["registry-1.0"]


def test_another_archive_than_the_pinned_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    """An archive with another SHA-256 never enters the cache, and the next run fetches again."""
    right, mirror.content = mirror.content, archive("another.jar")
    with pytest.raises(ArtifactError, match=r"registry-1\.0-all\.tar\.gz does not match its pinned SHA-256"):
        distribution()
    mirror.content = right
    assert (distribution() / "quarkus-run.jar").is_file()


def test_what_a_killed_run_left_is_made_anew(mirror: Mirror, tmp_path: Path) -> None:
    """Half an archive, half unpacked, does not stand in the way."""
    rest = tmp_path / "cache" / "registry-1.0.incoming" / "unpacked"
    rest.mkdir(parents=True)
    (rest / "half.jar").write_bytes(b"h")
    assert [path.name for path in distribution().iterdir()] == ["quarkus-run.jar"]


@pytest.mark.parametrize(
    "content",
    [archive("../../escaped"), archive("/escaped"), archive("jar", link="../../escaped")],
    ids=["above", "absolute", "link"],
)
def test_an_archive_that_reaches_out_of_its_place_is_refused(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    """Whoever pinned it: nothing is written beside the cache."""
    mirror.content = content
    pin_to(mirror, monkeypatch)
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        distribution()
    assert not (tmp_path / "cache" / "escaped").exists()
    assert not (tmp_path / "cache" / "registry-1.0").exists()


def test_a_run_that_finds_another_downloading_waits(mirror: Mirror) -> None:
    """It uses what the other has fetched, and fetches nothing itself."""
    others = [threading.Thread(target=distribution) for _ in range(3)]

    def start_others() -> None:
        for other in others:
            other.start()

    mirror.meanwhile = start_others
    distribution()
    for other in others:
        other.join()
    assert mirror.fetched == 1


def test_the_pin_is_whole() -> None:
    """Coordinates, size and digest of the archive that is used."""
    jar = pinned()
    assert jar.coordinates == "io.apicurio:apicurio-registry-app:3.3.3:all:tar.gz"
    assert jar.name == "apicurio-registry-app-3.3.3-all.tar.gz"
    assert (jar.size, len(jar.sha256)) == (158_577_952, 64)

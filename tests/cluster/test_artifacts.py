"""Jars: the pinned jars or none, fetched once, whatever happened to the cache."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.cluster import artifacts
from streamproof.cluster.artifacts import Jar, Release, cached, release, versions
from streamproof.errors import ArtifactError, UsageError
from tests.cluster.mirror import Mirror

CONTENT = b"a jar's bytes" * 200_000
JAR = Jar("org.example", "tool", "1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
WANTED = Release("0.0.1", "log4j2", {}, (JAR,))


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mirror:
    mirror = Mirror(CONTENT)
    monkeypatch.setenv("STREAMPROOF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("streamproof.cluster.maven.fetch", mirror.fetch)
    return mirror


def test_jars_are_fetched_once(mirror: Mirror) -> None:
    """What the cache holds needs no network again."""
    (path,) = cached(WANTED)
    assert path.read_bytes() == CONTENT
    mirror.content = None
    assert cached(WANTED) == (path,)
    assert mirror.fetched == 1


def test_progress_says_what_is_downloaded(mirror: Mirror) -> None:
    """The first run says what it waits for, later runs say nothing."""
    messages: list[str] = []
    cached(WANTED, messages.append)
    cached(WANTED, messages.append)
    assert messages == [f"downloading Apache Kafka 0.0.1: {done} of 2 MB" for done in (0, 1, 2)]


def test_a_download_that_is_not_the_pinned_jar_is_refused(mirror: Mirror) -> None:
    """A jar with another SHA-256 never enters the cache."""
    mirror.content = CONTENT[::-1]
    found = hashlib.sha256(CONTENT[::-1]).hexdigest()
    complaint = rf"tool-1\.0\.jar does not match its pinned SHA-256 \(expected {JAR.sha256}, found {found}\)"
    with pytest.raises(ArtifactError, match=complaint):
        cached(WANTED)
    assert not list(JAR.path.parents[1].rglob("*.jar"))


def test_an_altered_jar_in_the_cache_is_refused(mirror: Mirror) -> None:
    """A jar that was changed after it was checked is noticed, and named with its path."""
    cached(WANTED)
    JAR.path.write_bytes(CONTENT[::-1])
    with pytest.raises(ArtifactError, match=str(JAR.path)):
        cached(WANTED)


def test_a_half_written_jar_is_fetched_again(mirror: Mirror) -> None:
    """A jar shorter than pinned is the rest of a download that did not end."""
    cached(WANTED)
    JAR.path.write_bytes(CONTENT[:4])
    assert cached(WANTED)[0].read_bytes() == CONTENT


def test_a_broken_off_download_is_begun_again(mirror: Mirror, tmp_path: Path) -> None:
    """What a killed download left behind does not stand in the way of the next."""
    rest = tmp_path / "cache" / "incoming" / "org.example-tool-1.0.jar"
    rest.parent.mkdir(parents=True)
    rest.write_bytes(CONTENT[:4])
    assert cached(WANTED)[0].read_bytes() == CONTENT
    assert not rest.parent.exists()


def test_a_cache_that_cannot_be_written_is_named(mirror: Mirror, tmp_path: Path) -> None:
    """The sentence says which directory, and how to choose another."""
    (tmp_path / "cache").write_text("a file stands where the cache should be")
    with pytest.raises(ArtifactError, match=f"{tmp_path}/cache cannot be written .* STREAMPROOF_CACHE_DIR"):
        cached(WANTED)


def test_a_run_that_finds_another_downloading_waits(mirror: Mirror) -> None:
    """It uses what the other has fetched, and fetches nothing itself."""
    others = [threading.Thread(target=cached, args=(WANTED,)) for _ in range(3)]

    def start_others() -> None:
        mirror.meanwhile = lambda: None
        for other in others:
            other.start()

    mirror.meanwhile = start_others
    cached(WANTED)
    for other in others:
        other.join()
    assert mirror.fetched == 1


def test_a_changed_pin_is_checked_again(mirror: Mirror) -> None:
    """A stamp in the cache vouches for one SHA-256, not for a file name."""
    cached(WANTED)
    other = replace(JAR, sha256="0" * 64)
    with pytest.raises(ArtifactError, match="pinned SHA-256"):
        cached(replace(WANTED, jars=(other,)))


@pytest.mark.parametrize("version", versions())
def test_every_version_pins_all_that_the_decoders_need(version: str) -> None:
    """Each version has its broker, its clients' schemas and a logging binding, at sizes and digests."""
    pinned = release(version)
    names = {jar.artifact for jar in pinned.jars}
    assert {"kafka_2.13", "kafka-clients", "kafka-group-coordinator", "kafka-transaction-coordinator"} <= names
    assert names & {"log4j-slf4j-impl", "slf4j-reload4j"}
    assert {jar.version for jar in pinned.jars if jar.group == "org.apache.kafka"} == {version}
    assert all(jar.size > 0 and len(jar.sha256) == 64 for jar in pinned.jars)


def test_an_unknown_version_is_refused() -> None:
    """The sentence lists the versions that there are."""
    with pytest.raises(UsageError, match=r'"2\.8\.0" is not known here; choose one of 4\.3\.1, '):
        release("2.8.0")


def test_the_default_is_the_newest() -> None:
    """A version that is pinned later has to be made the default on purpose."""
    assert versions()[0] == artifacts.DEFAULT_VERSION

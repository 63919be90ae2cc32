"""Fetching one artifact from Maven Central, or from the mirror that `STREAMPROOF_MAVEN_URL` names."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from jgo.maven import MavenContext, PythonResolver

from streamproof.errors import ArtifactError

MAVEN_URL = "STREAMPROOF_MAVEN_URL"
TIMEOUT_S = 30

Told = Callable[[int, int], None]  # bytes so far, bytes in all


def context(directory: Path) -> MavenContext:
    mirror = os.environ.get(MAVEN_URL)
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=directory, timeout=TIMEOUT_S, remote_repos=remote)


def fetch(coordinates: str, directory: Path, told: Told | None = None) -> Path:
    """Download `group:artifact:version[:classifier:packaging]` into `directory`, telling how far it is.

    `ArtifactError` when it cannot be had.
    """
    maven = context(directory)
    group, artifact, version, *kind = coordinates.split(":")
    classifier, packaging = kind or ("", "jar")
    wanted = maven.project(group, artifact).at_version(version).artifact(classifier=classifier, packaging=packaging)
    try:
        path = PythonResolver(progress_callback=_reporter(told) if told else None).download(wanted)
    except (requests.RequestException, RuntimeError) as error:
        raise ArtifactError(
            f"{wanted.filename} cannot be downloaded ({error}); the first run needs the network, "
            f"or a mirror named in {MAVEN_URL}"
        ) from error
    if path is None:
        raise AssertionError("jgo's own resolver downloads, or raises")
    return path


def _reporter(told: Told) -> Callable[[str, int], Any]:
    """Jgo's kind of progress: a context for each file, in which it is told the size of each chunk."""

    @contextmanager
    def report(_name: str, size: int) -> Iterator[Callable[[int], None]]:
        done = 0

        def add(chunk: int) -> None:
            nonlocal done
            done += chunk
            told(done, size)

        yield add

    return report

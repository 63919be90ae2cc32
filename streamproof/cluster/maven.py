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
    if mirror and not mirror.startswith(("http://", "https://")):
        raise ArtifactError(f"{MAVEN_URL}={mirror} is no URL; name a mirror such as https://maven.example.org/central")
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
            f"{wanted.filename} cannot be downloaded from {os.environ.get(MAVEN_URL) or 'Maven Central'} "
            f"({_why(error)}); the first run needs the network, "
            f"or a mirror named in {MAVEN_URL}"
        ) from error
    if path is None:
        raise AssertionError("jgo's own resolver downloads, or raises")
    return path


def _why(error: BaseException) -> str:
    """What the operating system said, at the bottom of it all; else the error's own words."""
    inner: BaseException | None = error
    while inner is not None:
        reasons = [inner, getattr(inner, "reason", None), *inner.args]
        if said := next((why.strerror for why in reasons if isinstance(why, OSError) and why.strerror), None):
            return said
        inner = inner.__cause__ or inner.__context__
    return str(error)

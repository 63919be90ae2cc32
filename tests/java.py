"""Subjects in Java, compiled where there is a JDK."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest


def compiled(source: Path, jars: Iterable[Path], classes: Path) -> str:
    """The class path of a program, compiled into `classes`. Without a JDK its tests are skipped; in CI they fail."""
    if not shutil.which("javac"):
        told = f"no javac: a JDK of 17 or later compiles {source.name}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    path = os.pathsep.join(map(str, (classes, *jars)))
    subprocess.run(["javac", "-cp", path, "-d", classes, source], check=True, timeout=120)
    return path

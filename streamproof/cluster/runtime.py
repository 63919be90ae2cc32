"""A version of Kafka on a Java, ready to run: its class path, its logging, and what is made once and kept.

Made on first use and cached: the bootstrap checkpoint, which is what formatting a log directory writes, and Java's
ahead-of-time cache, which halves the time to start.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.cluster.artifacts import Release, Say, cached, release, silent
from streamproof.cluster.cache import cache_directory, make_once, write_whole
from streamproof.cluster.java import Java, find_java, start_java
from streamproof.cluster.settings import write_properties
from streamproof.errors import ArtifactError
from streamproof.guardian import Guardian

MAIN = "kafka.Kafka"
CHECKPOINT = "bootstrap.checkpoint"
FORMAT_TIMEOUT_S = 60

LOG4J2 = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n%throwable
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""
RELOAD4J = """\
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %m (%c{1})%n
"""
LOGGING = {"log4j2": ("log4j2.configurationFile", LOG4J2), "reload4j": ("log4j.configuration", RELOAD4J)}


@dataclass(frozen=True)
class Runtime:
    """Everything that starting a broker needs, but its settings."""

    release: Release
    java: Java
    jars: tuple[Path, ...]

    @property
    def directory(self) -> Path:
        """Of what is made once for this version."""
        return cache_directory() / f"kafka-{self.release.version}"

    @property
    def class_path(self) -> str:
        return ":".join(str(jar) for jar in self.jars)

    @property
    def aot_cache(self) -> Path:
        """Where the ahead-of-time cache for exactly this Java and these jars is, or would be."""
        key = hashlib.sha256()
        for file in (self.java.home / "release", self.java.home / "lib" / "modules", *self.jars):
            status = file.stat() if file.exists() else None
            key.update(f"{file} {status and (status.st_size, status.st_mtime_ns)}\n".encode())
        return self.directory / f"{key.hexdigest()[:16]}.aot"

    def command(self, main: str, *arguments: str, directory: Path, flags: tuple[str, ...] = ()) -> list[str]:
        """Run `main` with its own temporary files and its logging's configuration in `directory`."""
        name, text = LOGGING[self.release.logging]
        configuration = directory / "logging.properties"
        configuration.write_text(text)
        logging = f"-D{name}={configuration.as_uri()}"
        return self.java.command(logging, *flags, "-cp", self.class_path, main, *arguments, directory=directory)

    def broker_flags(self) -> tuple[str, ...]:
        """Java leaves a cache aside that does not fit it, and says so in the log."""
        return (f"-XX:AOTCache={self.aot_cache}",) if self.java.has_aot and self.aot_cache.is_file() else ()

    def checkpoint(self, guardian: Guardian, settings: Mapping[str, str]) -> bytes:
        """What formatting writes, made by Kafka's own tool once; `settings` are any valid broker's."""
        kept = self.directory / CHECKPOINT
        make_once(kept, lambda: write_whole(kept, self._format(guardian, settings)))
        return kept.read_bytes()

    def _format(self, guardian: Guardian, settings: Mapping[str, str]) -> bytes:
        directory = Path(tempfile.mkdtemp(prefix="format-", dir=guardian.directory))
        properties = directory / "server.properties"
        write_properties(properties, {**settings, "log.dirs": str(directory / "data")})
        log = directory / "format.log"
        arguments = ("format", "--cluster-id", "c3RyZWFtcHJvb2ZmbXQwMQ", "--config", str(properties))
        with log.open("wb") as output:
            command = self.command("kafka.tools.StorageTool", *arguments, directory=directory)
            process = start_java(guardian, command, directory, output)
            try:
                process.wait(FORMAT_TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                raise ArtifactError(
                    f"Apache Kafka {self.release.version} did not format a directory within {FORMAT_TIMEOUT_S} s on "
                    f"Java {self.java.version}; the machine or its disk is too busy: run it again"
                ) from error
        written = directory / "data" / CHECKPOINT
        if process.returncode != 0 or not written.is_file():
            raise ArtifactError(
                f"Apache Kafka {self.release.version} could not format a directory on Java {self.java.version}: "
                f"{log.read_text(errors='replace').strip()[-600:]}"
            )
        return written.read_bytes()


def prepare(version: str, say: Say = silent) -> Runtime:
    """Find Java and have the jars; `ArtifactError` when either cannot be had."""
    java = find_java()
    wanted = release(version)
    return Runtime(wanted, java, cached(wanted, say))

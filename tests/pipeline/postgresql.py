"""A PostgreSQL server of the tests' own, on loopback, run by a user without rights: it refuses to run as root."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from streamproof.cluster.ports import PortLease
from streamproof.guardian import Guardian

USER = "postgres"  # Debian's package makes it
SETTINGS = ("fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=50")
PATIENCE_S = 60


def programs() -> Path | None:
    """The directory of the server's programs: Debian keeps them apart, by version, and not on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    return found[-1].parent if found[-1].is_file() else None


class PostgreSQL:
    """One server with an empty database, which can be stopped and started."""

    def __init__(self, guardian: Guardian, directory: Path, lease: PortLease) -> None:
        self._guardian = guardian
        self._data = directory / "data"
        self._log = directory / "postgresql.log"
        self._programs = programs()
        (self._port,) = lease.take(1)
        if not os.getuid():
            os.chown(directory, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync").wait(
            PATIENCE_S
        )
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Returns when it takes connections."""
        settings = [word for setting in (*SETTINGS, f"port={self._port}") for word in ("-c", setting)]
        self._server = self._run("postgres", "-D", str(self._data), *settings)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert self._server.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                self._server.poll()
            else:
                return

    def stop(self) -> None:
        """At once: connections are cut."""
        assert self._server
        self._server.send_signal(signal.SIGINT)
        self._server.wait(PATIENCE_S)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(query.encode())
            return found.fetchall() if found.description else []

    def ask_for_password(self, user: str, password: str) -> None:
        """A user who must give a password from now on."""
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self.ask(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}'")
        self.stop()  # to read its rules again it would take a moment that nobody tells
        self.start()

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        assert self._programs
        other = () if os.getuid() else ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
        with self._log.open("ab") as log:
            command = [*other, str(self._programs / program), *arguments]
            return self._guardian.popen(command, cwd="/", stdout=log, stderr=log)

"""Which of the three kinds of cluster is used: what `--cluster` says, everywhere that it can be said."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from streamproof.cluster.artifacts import DEFAULT_VERSION, Say, release, silent
from streamproof.cluster.base import Cluster
from streamproof.cluster.embedded import start_embedded
from streamproof.cluster.existing import connect_existing
from streamproof.cluster.security import check_security, make_security
from streamproof.cluster.settings import check_quorum
from streamproof.errors import UsageError, did_you_mean
from streamproof.guardian import Guardian

EMBEDDED, TESTCONTAINERS, EXISTING = "embedded", "testcontainers", "existing"
STARTED = (EMBEDDED, TESTCONTAINERS)


@contextmanager
def open_cluster(
    where: str,
    guardian: Guardian,
    *,
    brokers: int | None = None,
    version: str | None = None,
    logs: Path,
    port: int | None = None,
    security: str | None = None,
    say: Say = silent,
) -> Iterator[Cluster]:
    """A cluster that is ended when the block is left; a cluster that existed is left as it is.

    `where`: embedded, testcontainers, or the `HOST:PORT,…` of a cluster that exists, with its own brokers and version.
    `security`: tls, mtls or scram, for the listeners that a subject gets. Errors are those of the three; `UsageError`
    for anything else.
    """
    check_cluster(where, brokers, version, port, security)
    if where in STARTED:
        start = start_embedded if where == EMBEDDED else _start_containers()
        with start(
            guardian,
            brokers=3 if brokers is None else brokers,
            version=DEFAULT_VERSION if version is None else version,
            logs=logs,
            port=port,
            security=make_security(check_security(security), guardian.directory / "security") if security else None,
            say=say,
        ) as cluster:
            yield cluster
    else:
        yield connect_existing(where)


def check_cluster(
    where: str,
    brokers: int | None = None,
    version: str | None = None,
    port: int | None = None,
    security: str | None = None,
) -> None:
    """UsageError for a cluster that there cannot be. Nothing is started, and nobody is asked."""
    if where in STARTED:
        if brokers is not None:
            check_quorum(brokers)
        if version is not None:
            release(version)
        if security is not None:
            check_security(security)
    elif ":" not in where:
        raise UsageError(
            f'--cluster "{where}" is none{did_you_mean(where, STARTED)}; '
            "give embedded, testcontainers, or HOST:PORT of an existing cluster"
        )
    elif brokers or version or port or security:
        raise UsageError(
            f"the cluster at {where} is there already: the number of brokers, their version, port and security "
            "are for a cluster that is started; leave them out"
        )


def _start_containers() -> Callable[..., AbstractContextManager[Cluster]]:
    try:
        from streamproof.cluster.containers import start_containers  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            f"--cluster testcontainers needs Testcontainers ({error}); install streamproof[containers]"
        ) from error
    return start_containers

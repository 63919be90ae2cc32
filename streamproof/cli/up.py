"""`streamproof up`: a cluster to work with by hand."""

import json
import sys
import time
from typing import Annotated

import typer

from streamproof.cli.flags import BROKERS, VERSIONS, Json, Security, count_given
from streamproof.cluster import DEFAULT_VERSION, EMBEDDED, STARTED
from streamproof.cluster.security import client_settings
from streamproof.config.file import ClusterConfig
from streamproof.engine.directories import UP, kept, new_directory
from streamproof.engine.session import Session
from streamproof.errors import UsageError
from streamproof.report.terminal import Terminal

EPILOG = (
    "Example:\n\nstreamproof up --brokers 1 --port 19092\n\n"
    "and, elsewhere:  streamproof verify --cluster 127.0.0.1:19092"
)


def up(
    cluster: Annotated[str, typer.Option(metavar="WHERE", help="embedded or testcontainers.")] = EMBEDDED,
    brokers: Annotated[
        int, typer.Option(*BROKERS, metavar="N", parser=count_given, help="How many brokers: an odd number.")
    ] = 3,
    kafka_version: Annotated[str, typer.Option(metavar="VERSION", help=VERSIONS)] = DEFAULT_VERSION,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Broker n listens at PORT + n - 1; else where it is free.")
    ] = None,
    registry: Annotated[
        bool, typer.Option("--registry", metavar="", help="Start a schema registry beside it.")
    ] = False,
    security: Security = None,
    as_json: Json = False,
) -> None:
    """Start a real Kafka cluster on this machine, and keep it until Ctrl-C."""
    if cluster not in STARTED:
        raise UsageError(f'--cluster "{cluster}" cannot be started; give {" or ".join(STARTED)}')
    config = ClusterConfig().overridden(where=cluster, brokers=brokers, version=kafka_version, security=security)
    terminal = Terminal.on(sys.stderr)
    with (
        kept(new_directory(UP)) as logs,
        Session(config, logs=logs, listeners=[terminal], port=port) as session,
    ):
        running = session.cluster
        url = session.registry.url if registry else None
        if as_json:
            told = {"bootstrap_servers": running.bootstrap_servers, "version": running.version, "logs": str(logs)}
            secured = {"secured": client_settings(running.subject_values)} if running.security else {}
            print(json.dumps(told | ({"registry_url": url} if url else {}) | secured), flush=True)
        else:
            print(f"bootstrap.servers={running.bootstrap_servers}", flush=True)
            if url:
                print(f"schema.registry.url={url}", flush=True)
            if running.security:
                print("\nThe secured listeners:")
                for name, value in client_settings(running.subject_values).items():
                    print(f"{name}={value}", flush=True)
            print(f"Logs are in {logs}. Ctrl-C ends it.", file=sys.stderr)
        _wait_for_interrupt()


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return

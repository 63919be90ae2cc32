"""Load on the reference pipeline's entrance: order events straight to Kafka, and over HTTP.

    uv run locust -f load/locustfile.py                                   the web page
    uv run locust -f load/locustfile.py --headless -u 4 -t 20s            without it, both kinds of user
    uv run locust -f load/locustfile.py --headless -u 8 -t 1m KafkaUser   a single kind
    uv run locust -f load/locustfile.py --cluster testcontainers …        in containers, or at HOST:PORT

Each user does what it is to do `--rate` times a second, and is measured from when each was due. Exit status 1 when an
objective was missed.
"""

import itertools
import json
import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from gevent import GreenletExit
from locust import FastHttpUser, User, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from load.delivery import Delivery
from load.latency import Latencies, Objectives
from load.pace import Pace
from load.system import TOPIC, System
from pipeline.settings import ProducerSettings
from streamproof.errors import StreamproofError

UNSENT_S = 10.0  # for reports that are still due at the end
ORDERS = 500  # of each user; some events of each order
STEPS = ("placed", "paid", "packed", "shipped", "delivered")

latencies = Latencies()
_delivery: Delivery | None = None
_to_close = ExitStack()


@events.init_command_line_parser.add_listener
def _(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("Streamproof", "What the load goes to, and what it must keep to")
    group.add_argument(
        "--cluster",
        default="embedded",
        metavar="WHERE",
        help="embedded (default), testcontainers, or HOST:PORT of an existing cluster",
    )
    group.add_argument("--api", default="", metavar="URL", help="use an API that is there")
    group.add_argument("--rate", type=float, default=100.0, metavar="N", help="of each user, a second (100)")
    group.add_argument("--p99-ms", type=float, default=1000.0, metavar="MS", help="objective: 99 of 100 within (1000)")
    group.add_argument("--failures", type=float, default=0.0, metavar="SHARE", help="objective: at most this share (0)")


@events.init.add_listener
def _(environment: Environment, **_kwargs: Any) -> None:
    if isinstance(environment.runner, WorkerRunner) or environment.parsed_options is None:
        return  # the master's options, addresses and all, come with each test
    options = environment.parsed_options
    try:
        system, options.cluster, options.api = System.start(
            cluster=options.cluster, api=options.api, with_api=HttpUser in environment.user_classes
        )
    except StreamproofError as error:
        raise SystemExit(f"locust: {error}") from error
    _to_close.callback(system.close)


@events.test_start.add_listener
def _(**_kwargs: Any) -> None:
    latencies.clear()


def _shared_delivery(environment: Environment) -> Delivery:
    """The process's producer, made when it is first asked for: a producer does not survive a fork."""
    global _delivery  # noqa: PLW0603
    if _delivery is None:

        def report(seconds: float, size: int, error: Exception | None) -> None:
            _reported(environment, seconds, size, error)

        settings = ProducerSettings(kafka_bootstrap_servers=environment.parsed_options.cluster)  # type: ignore[union-attr]
        _delivery = Delivery(settings.client_config(), report)
        _to_close.callback(_delivery.close)
    return _delivery


def _reported(environment: Environment, seconds: float, size: int, error: Exception | None) -> None:
    if error is None:
        latencies.success(f"KAFKA {TOPIC}", seconds)
    else:
        latencies.failure(f"KAFKA {TOPIC}")
    environment.events.request.fire(
        request_type="KAFKA",
        name=TOPIC,
        response_time=seconds * 1000,
        response_length=size,
        exception=error,
        context={},
    )


class _Orders:
    """Events of orders, each order's in sequence; no two users', nor two runs', have an id in common."""

    def __init__(self) -> None:
        self._run = os.urandom(4).hex()
        self._numbers = itertools.count()

    def next(self) -> tuple[str, str, bytes]:
        """Event id, order id, and the event."""
        number = next(self._numbers)
        round_, order = divmod(number, ORDERS)
        life, sequence = divmod(round_, len(STEPS))
        order_id = f"{self._run}-{life * ORDERS + order}"
        event_id = f"{order_id}-{sequence}"
        event = {
            "event_id": event_id,
            "order_id": order_id,
            "sequence": sequence,
            "type": STEPS[sequence],
            "amount": 1000 + order,
            "currency": "EUR",
            "occurred_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return event_id, order_id, json.dumps(event).encode()


class KafkaUser(User):
    """Sends order events as the reference producer does. Success is the delivery report."""

    wait_time = constant(0)  # the pace is what waits

    def on_start(self) -> None:
        latencies.expect(f"KAFKA {TOPIC}")
        self._orders = _Orders()
        self._pace = Pace(self.environment.parsed_options.rate)

    @task
    def send(self) -> None:
        due = self._pace.wait()
        event_id, order_id, value = self._orders.next()
        _shared_delivery(self.environment).send(TOPIC, order_id.encode(), value, [("event-id", event_id.encode())], due)


class HttpUser(FastHttpUser):
    """Posts order events to the API; while an answer is awaited, the next may be overdue, and that counts."""

    wait_time = constant(0)
    host = "http://the.api"  # known only when it is started

    def on_start(self) -> None:
        latencies.expect("POST /orders")
        self.client.base_url = self.environment.parsed_options.api
        self._orders = _Orders()
        self._pace = Pace(self.environment.parsed_options.rate)

    @task
    def post(self) -> None:
        due = self._pace.wait()
        try:
            self._post(due)
        except GreenletExit:
            # ended while it waited: that is no answer yet, and too late is too late
            if (time.monotonic() - due) * 1000 > self.environment.parsed_options.p99_ms:
                latencies.failure("POST /orders")
            raise

    def _post(self, due: float) -> None:
        _, _, value = self._orders.next()
        with self.client.post(
            "/orders", data=value.decode(), headers={"Content-Type": "application/json"}, catch_response=True
        ) as response:
            # in Locust's own numbers too, from when it was due
            response.request_meta["response_time"] = (time.monotonic() - due) * 1000
            if response.ok:
                latencies.success("POST /orders", time.monotonic() - due)
                response.success()
            else:
                latencies.failure("POST /orders")
                response.failure(f"{response.status_code} {(response.text or '')[:200]}")


@events.test_stop.add_listener
def _(environment: Environment, **_kwargs: Any) -> None:
    """Reports that never came are neither successes nor failures: but a load that cannot tell has failed."""
    if _delivery is None:
        return
    for _n in range(_delivery.drain(UNSENT_S)):
        _reported(environment, UNSENT_S, 0, TimeoutError("unknown: no delivery report"))


@events.report_to_master.add_listener
def _(data: dict[str, Any], **_kwargs: Any) -> None:
    data["latencies"] = latencies.take()


@events.worker_report.add_listener
def _(data: dict[str, Any], **_kwargs: Any) -> None:
    latencies.add(data.get("latencies", {}))


@events.quitting.add_listener
def _(environment: Environment, **_kwargs: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    options = environment.parsed_options
    assert options is not None  # noqa: S101 - there are options wherever there is a runner
    summaries = latencies.summaries()
    print("\nMeasured from when each was due:")
    for summary in summaries:
        print(f"  {summary.line()}")
    missed = Objectives(p99_ms=options.p99_ms, failures=options.failures).missed(summaries)
    for sentence in missed:
        print(f"Objective missed: {sentence}")
    environment.process_exit_code = 1 if missed else 0


@events.quit.add_listener
def _(**_kwargs: Any) -> None:
    _to_close.close()  # once, though a signal to the web page's process quits twice

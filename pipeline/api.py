"""HTTP in front of the producer: an event is answered with 201 when its delivery report says that it is in the log.

What is refused (4xx) is not there, and never will be. What cannot be known (504) may be there: to post it again may
double it, and the answer says so. Not here: an Idempotency-Key, which would need to remember answers across restarts.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from pipeline.courier import Courier
from pipeline.errors import FatalError
from pipeline.events import OrderEvent, PoisonError, parse
from pipeline.process import Stop, client_logger, say
from pipeline.producer import Answer, OrderProducer
from pipeline.settings import ApiSettings

HEALTH_S = 2.0
PROBLEM = "application/problem+json"


class Placed(BaseModel):
    """Where an event lies in the log."""

    event_id: str
    topic: str
    partition: int
    offset: int


class Health(BaseModel):
    status: str


class Problem(BaseModel):
    """RFC 9457."""

    title: str
    status: int
    detail: str


def _problem(status: int, title: str, detail: str, **headers: str) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail).model_dump()
    return JSONResponse(body, status, headers, media_type=PROBLEM)


def _documented(*statuses: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": text, "content": {PROBLEM: {"schema": schema}}} for status, text in statuses}


def make_app(settings: ApiSettings, courier: Courier, healthy: Callable[[], bool]) -> FastAPI:
    """The application; `healthy()` says whether the brokers answer, and may block."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        courier.start()
        yield
        await run_in_threadpool(courier.close)

    app = FastAPI(title="Orders", version="1.0.0", description=__doc__, lifespan=lifespan, docs_url="/")

    @app.post(
        "/orders",
        status_code=201,
        response_model=Placed,
        responses=_documented(
            (400, "No JSON document"),
            (413, f"More than {settings.max_body_bytes} bytes"),
            (415, "Not application/json"),
            (422, "No order event"),
            (502, "The brokers refused it: it is not in the log"),
            (503, "Too many events wait for the brokers, or none can be sent: it is not in the log"),
            (504, "Unknown: it may be in the log"),
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderEvent"}}},
            }
        },
    )
    async def post_order(request: Request) -> Response:
        """Send an event of an order to its topic, under the order's id as key."""
        event = await _event(request, settings.max_body_bytes)
        if isinstance(event, Response):
            return event
        if courier.failure or courier.is_full:
            return _problem(503, "Not sent", courier.failure or "too many wait for the brokers", **{"Retry-After": "1"})
        return _told(await courier.send(event), settings.input_topic)

    @app.get("/healthz", response_model=Health, responses=_documented((503, "The brokers do not answer")))
    async def healthz() -> Response:
        """Whether events can be sent now."""
        if courier.failure:
            return _problem(503, "Not healthy", courier.failure)
        if not await run_in_threadpool(healthy):
            return _problem(503, "Not healthy", "the brokers do not answer")
        return JSONResponse({"status": "ok"})

    app.openapi_schema = _with_schemas(app.openapi())
    return app


def _with_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas that the routes name, and the producer checks by itself."""
    schemas = document["components"]["schemas"]
    for model in (OrderEvent, Problem):
        schemas[model.__name__] = model.model_json_schema()
    return document


async def _event(request: Request, limit: int) -> bytes | Response:
    """The event in a request's body, or why there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _problem(415, "Unsupported media type", "post application/json")
    body = await _body(request, limit)
    if body is None:
        return _problem(413, "Content too large", f"an event has at most {limit} bytes")
    try:
        parse(body)
    except PoisonError as poison:
        return _problem(400 if poison.reason == "not-json" else 422, poison.reason, poison.detail)
    return body


def _told(answer: Answer, topic: str) -> Response:
    if answer.outcome == "fail":
        return _problem(502, "Refused", answer.error or "")
    if answer.outcome == "unknown" or answer.id is None or answer.partition is None or answer.offset is None:
        return _problem(504, "Unknown", f"it may be in the log, and to post it again may double it: {answer.error}")
    placed = Placed(event_id=answer.id, topic=topic, partition=answer.partition, offset=answer.offset)
    return JSONResponse(placed.model_dump(), 201)


async def _body(request: Request, limit: int) -> bytes | None:
    """The body, or nothing where it is longer than `limit`; what is too long is not read to its end."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return body


def serve(settings: ApiSettings, stop: Stop) -> None:
    """Serve until SIGTERM; then answer what was asked. FatalError when the producer could not go on."""
    courier = Courier(lambda: OrderProducer(settings), stop, settings.max_waiting)
    admin = AdminClient(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "client.id": "order-api"}, logger=client_logger()
    )

    def healthy() -> bool:
        try:
            return bool(admin.list_topics(timeout=HEALTH_S).brokers)
        except KafkaException:
            return False

    config = uvicorn.Config(
        make_app(settings, courier, healthy), host=settings.host, port=settings.port, log_level="warning",
        timeout_graceful_shutdown=settings.stop_ms // 1000 + 1, server_header=False,
    )  # fmt: skip
    say(f"listening on http://{settings.host}:{settings.port}")
    uvicorn.Server(config).run()
    if courier.failure:
        raise FatalError(f"the producer cannot go on: {courier.failure}")
    say("stopped")

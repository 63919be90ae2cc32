"""HTTP in front of the producer: an event is answered with 201 when its delivery report says that it is in the log.

A refused event is not in the log, and never will be. An event with an unknown outcome (504) may be there: to post it
again may double it, and the answer says so. With an Idempotency-Key it can be posted again, and is there once: see the
header.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import uvicorn
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from fastapi import FastAPI, Header, HTTPException, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException as AnyHTTPException

from pipeline.courier import Courier
from pipeline.errors import FatalError, RetriableError, SettingsError, TooMany
from pipeline.events import OrderEvent, OrderState, PoisonError, parse, trace_of
from pipeline.idempotency import Keyed, KeyInUseError, KeyReusedError, OpenKeys
from pipeline.keyed_producer import KeyedProducer
from pipeline.process import Stop, client_logger, say
from pipeline.producer import Answer, OrderProducer
from pipeline.settings import ApiSettings

if TYPE_CHECKING:
    from pipeline.database import Database

HEALTH_S = 2.0
BACKLOG = 2048  # connections that wait to be accepted
PROBLEM = "application/problem+json"
AGAIN = {"Retry-After": "1"}  # seconds
EXAMPLE = {
    "event_id": "5f0c1d7e-1", "order_id": "order-1", "sequence": 0, "type": "placed", "amount": 4990, "currency": "EUR",
    "occurred_at": "2026-03-01T09:15:00Z",
}  # fmt: skip
KEY = """The same request again, with the same key, gets the first answer, and its event is in the log once: also after
a 504, and after a restart of this service. A key with another body: 422; a key whose first request has no answer yet:
409. What is not in the log is not remembered. {keys} keys are remembered at most, each for {minutes:g} minutes."""

# on the string itself: of a union, the document would leave the pattern out
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, pattern="^[!-~]+$", examples=["8e03978e"])]


class Placed(BaseModel):
    """Where an event lies in the log."""

    event_id: Annotated[str, Field(min_length=1, max_length=64, examples=[EXAMPLE["event_id"]])]
    topic: Annotated[str, Field(min_length=1, examples=["order-events"])]
    partition: Annotated[int, Field(ge=0, examples=[2])]
    offset: Annotated[int, Field(ge=0, examples=[1041])]


class Health(BaseModel):
    status: Annotated[str, Field(pattern="^ok$", examples=["ok"])]


class Problem(BaseModel):
    """RFC 9457."""

    title: Annotated[str, Field(examples=["Gateway Timeout"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[504])]
    detail: Annotated[str, Field(examples=["unknown: it may be in the log, and to post it again may double it"])]


def _problem(error: AnyHTTPException) -> Response:
    body = Problem(title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=error.detail)
    return JSONResponse(body.model_dump(), error.status_code, error.headers, media_type=PROBLEM)


def _documented(*problems: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    retry_after = {"Retry-After": {"required": True, "schema": {"type": "integer"}, "description": "Seconds"}}
    return {
        status: {
            "description": text,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": retry_after if status in {409, 429, 503} else {},
        }
        for status, text in problems
    }


@dataclass(frozen=True)
class Couriers:
    """Who takes events to Kafka: `plain` those without a key, `keyed` those with one."""

    plain: Courier[bytes]
    keyed: Courier[Keyed]

    @property
    def failure(self) -> str | None:
        """Why nothing more can be sent."""
        return self.plain.failure or self.keyed.failure

    @property
    def reason(self) -> str | None:
        """Why nothing can be sent now."""
        full = self.plain.is_full or self.keyed.is_full
        return self.failure or ("too many events wait for the brokers" if full else None)

    def start(self) -> None:
        self.plain.start()
        self.keyed.start()

    def close(self) -> None:
        self.plain.close()
        self.keyed.close()


def make_app(
    settings: ApiSettings,
    couriers: Couriers,
    missing: Callable[[], str | None],
    database: "Database[OrderState] | None" = None,
) -> FastAPI:
    """The application. `missing()` says what the brokers lack, or that they do not answer; it may block."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        couriers.start()
        yield
        await run_in_threadpool(couriers.close)

    app = FastAPI(title="Orders", version="1.0.0", description=__doc__, lifespan=lifespan, docs_url="/")
    keys = OpenKeys()
    about_keys = KEY.format(keys=settings.idempotency_keys, minutes=settings.idempotency_window_ms / 60_000)

    @app.exception_handler(AnyHTTPException)
    async def problem(_request: Request, error: AnyHTTPException) -> Response:
        return _problem(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _problem(HTTPException(400, f"{first['loc'][-1]}: {first['msg']}"))

    @app.post(
        "/orders",
        status_code=201,
        response_model=Placed,
        response_description="It is in the log, acknowledged by every in-sync replica",
        responses=_documented(
            (400, "No JSON document, or no Idempotency-Key as it should be"),
            (409, "The first request with this Idempotency-Key is not answered yet"),
            (413, f"More than {settings.max_body_bytes} bytes"),
            (415, "Not application/json"),
            (422, "No order event, or an Idempotency-Key that came with another body"),
            (429, "Too many events wait for the brokers: it is not in the log"),
            (502, "It was refused: it is not in the log"),
            (503, "None can be sent: it is not in the log"),
            (504, "Unknown: it may be in the log"),
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/OrderEvent"}, "example": EXAMPLE}
                },
            }
        },
    )
    async def post_order(
        request: Request,
        idempotency_key: Annotated[
            IdempotencyKey | SkipJsonSchema[None], Header(alias="Idempotency-Key", description=about_keys)
        ] = None,
    ) -> Response:
        """Send an event of an order to its topic, under the order's id as key."""
        body = await _event(request, settings.max_body_bytes)
        trace = trace_of((name, value.encode()) for name, value in request.headers.items())
        if idempotency_key is None:
            answer = await _sent(couriers.plain.send(body, trace))
        else:
            answer = await _sent(keys.once(Keyed.of(idempotency_key, body), partial(couriers.keyed.send, trace=trace)))
        return JSONResponse(_placed(answer, settings.input_topic, idempotency_key).model_dump(), 201)

    _read_orders(app, database)
    _tell_health(app, couriers, missing)
    app.openapi_schema = _with_schemas(app.openapi())
    return app


def _read_orders(app: FastAPI, database: "Database[OrderState] | None") -> None:
    @app.get(
        "/orders/{order_id}",
        response_model=OrderState,
        response_description="What the projector last kept of the order",
        responses=_documented(
            (400, "No id that an order can have"),
            (404, "Nothing is kept of such an order, or nothing is kept here: DATABASE is not set"),
            (503, "The database does not answer"),
        ),
    )
    async def get_order(
        order_id: Annotated[str, Path(min_length=1, max_length=64, examples=[EXAMPLE["order_id"]])],
    ) -> Response:
        """Its state as the projector has it: an event that was posted a moment ago may not have come so far."""
        if database is None:
            raise HTTPException(404, "no order is kept here: DATABASE is not set")
        try:
            state = await run_in_threadpool(database.read, order_id)
        except (RetriableError, FatalError) as error:
            raise HTTPException(503, str(error), AGAIN) from error
        if state is None:
            raise HTTPException(404, f"nothing is kept of order {order_id}")
        return JSONResponse(state.model_dump())


def _tell_health(app: FastAPI, couriers: Couriers, missing: Callable[[], str | None]) -> None:
    @app.get(
        "/healthz",
        response_model=Health,
        response_description="The service answers",
        responses=_documented((503, "It can send nothing more, and ends")),
    )
    async def healthz() -> Response:
        """Whether this process is of use still, whatever the brokers do; else it ends, and another must be started."""
        if couriers.failure:
            raise HTTPException(503, couriers.failure, AGAIN)
        return JSONResponse(Health(status="ok").model_dump())

    @app.get(
        "/readyz",
        response_model=Health,
        response_description="An order that is posted now can be sent",
        responses=_documented((503, "The brokers do not answer, a topic is not there, or too many events wait")),
    )
    async def readyz() -> Response:
        """Whether an order that is posted now can be sent; else what is missing."""
        if reason := couriers.reason or await run_in_threadpool(missing):
            raise HTTPException(503, reason, AGAIN)
        return JSONResponse(Health(status="ok").model_dump())


def _with_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas that the routes name, and the producer checks by itself."""
    schemas = document["components"]["schemas"]
    for model in (OrderEvent, Problem):
        schemas[model.__name__] = model.model_json_schema()
    return document


async def _event(request: Request, limit: int) -> bytes:
    """The event in a request's body; HTTPException where there is none. What is too long is not read to its end."""
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise HTTPException(400, "idempotency-key: give it once")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "post application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"an event has at most {limit} bytes")
    try:
        parse(body)
    except PoisonError as poison:
        raise HTTPException(400 if poison.reason == "not-json" else 422, str(poison)) from poison
    return body


async def _sent(sending: Awaitable[Answer]) -> Answer:
    """The answer; HTTPException where nothing was sent."""
    try:
        return await sending
    except RetriableError as error:
        raise HTTPException(429 if isinstance(error, TooMany) else 503, f"not sent: {error}", AGAIN) from error
    except KeyInUseError as error:
        raise HTTPException(409, "the first request with this key is not answered yet", AGAIN) from error
    except KeyReusedError as error:
        raise HTTPException(422, "this key came before with another body: take a new key") from error


def _placed(answer: Answer, topic: str, key: str | None) -> Placed:
    """The event's place; HTTPException when it is not in the log, or when that is unknown."""
    if answer.outcome == "fail":
        raise HTTPException(502, f"not in the log: {answer.error}")
    if answer.outcome == "unknown" or answer.id is None or answer.partition is None or answer.offset is None:
        again = "post it again with this key" if key else "to post it again may double it"
        raise HTTPException(504, f"unknown: it may be in the log, and {again}: {answer.error}")
    return Placed(event_id=answer.id, topic=topic, partition=answer.partition, offset=answer.offset)


class _Server(uvicorn.Server):
    """Stops together with the couriers, so that each request without an answer by then can still get a 504.

    It ends by itself when a courier has: a supervisor may then start it again, with a producer that is not broken.
    """

    def __init__(self, config: uvicorn.Config, stop: Stop, couriers: Couriers) -> None:
        super().__init__(config)
        self._stop = stop
        self._couriers = couriers

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stop.request()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        # a signal may have come before this server took the process's signals over
        return await super().on_tick(counter) or self._stop.requested or self._couriers.failure is not None


def _listen(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # TCP by its number: only then does asyncio switch Nagle's algorithm off, which would hold an answer 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise SettingsError(f"cannot listen on {where}: {error.strerror}; set another HOST or PORT") from error
    return listener


def _database(settings: ApiSettings) -> "Database[OrderState] | None":
    if settings.database is None:
        return None
    from pipeline.database import ORDERS, Database  # noqa: PLC0415 - few APIs need it

    return Database(settings.database, ORDERS)


def serve(settings: ApiSettings, stop: Stop) -> None:
    """Serve until SIGTERM; then answer what was asked. FatalError when the producer could not go on."""
    with _listen(settings) as listener:
        couriers = Couriers(
            Courier(OrderProducer(settings, stop), stop, settings.max_waiting),
            Courier(KeyedProducer(settings, stop), stop, settings.max_waiting),
        )
        admin = AdminClient({**settings.connection(), "client.id": "order-api"}, logger=client_logger())

        def missing() -> str | None:
            admin.poll(0)  # its log lines wait for that
            try:
                topics = admin.list_topics(timeout=HEALTH_S).topics
            except KafkaException:
                return "the brokers do not answer"
            for topic in (settings.input_topic, settings.keys_topic):
                if topic not in topics:
                    return f"topic {topic} is not there; `python -m pipeline topics` makes the pipeline's topics"
            return None

        config = uvicorn.Config(
            make_app(settings, couriers, missing, _database(settings)), log_level="warning", server_header=False,
            timeout_graceful_shutdown=settings.stop_ms // 1000 + 2,  # the couriers end before, and has told all
        )  # fmt: skip
        say(f"listening on http://{settings.host}:{settings.port}")
        _Server(config, stop, couriers).run(sockets=[listener])
    if couriers.failure:
        raise FatalError(f"the producer cannot go on: {couriers.failure}")
    say("stopped")

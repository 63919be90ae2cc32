"""What Schemathesis loads: a check that notes every answer of the API, and compares them with Kafka."""

import itertools
import os
import re
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.hooks import HookContext

from tests.http.ledger import Ledger, read_log

BOOKS = Path(os.environ["LEDGER"])
SERVERS, TOPIC = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["INPUT_TOPIC"]
KEY = "Idempotency-Key"
numbers = itertools.count()


@schemathesis.hook
def before_call(ctx: HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]) -> None:
    """A valid key is made unique: generated keys repeat, and to refuse a key with another body is right."""
    key = case.headers.get(KEY) if case.headers else None
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers[KEY] = f"key-{next(numbers)}"


@schemathesis.check
class TheApiSaysTheTruth:
    def after_response(self, ctx: CheckContext, response: Response, case: "schemathesis.Case[Any]") -> None:  # noqa: ARG002
        if case.path != "/orders" or response.request.method != "POST":
            return
        body = response.request.body or b""
        assert isinstance(body, str | bytes)
        raw = body.encode() if isinstance(body, str) else body
        with BOOKS.open("a") as books:
            books.write(Ledger.line(response.status_code, response.content, raw))
        key = response.request.headers.get(KEY)
        if response.status_code == 201 and key:
            # not written down: were it taken for another event, it would lie in the log and no answer would name it
            headers = {KEY: str(key), "Content-Type": "application/json"}
            httpx.post(str(response.request.url), content=raw, headers=headers)

    def after_run(self, ctx: CheckContext) -> None:  # noqa: ARG002
        ledger, log = Ledger.read(BOOKS), read_log(SERVERS, TOPIC)
        assert not ledger.not_as_acknowledged(log)
        assert not ledger.refused_and_there(log)

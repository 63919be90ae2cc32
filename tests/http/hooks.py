"""What Schemathesis loads: a check that keeps the books of all that the API said, and holds them against Kafka."""

import os
from pathlib import Path

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response

from tests.http.ledger import Ledger, read_log

BOOKS = Path(os.environ["LEDGER"])
SERVERS, TOPIC = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["INPUT_TOPIC"]


@schemathesis.check
class TheApiSaysTheTruth:
    def after_response(self, ctx: CheckContext, response: Response, case: "schemathesis.Case") -> None:  # type: ignore[type-arg]  # noqa: ARG002
        if case.path != "/orders" or response.request.method != "POST":
            return
        body = response.request.body or b""
        assert isinstance(body, str | bytes)
        raw = body.encode() if isinstance(body, str) else body
        with BOOKS.open("a") as books:
            books.write(Ledger.line(response.status_code, response.content, raw))

    def after_run(self, ctx: CheckContext) -> None:  # noqa: ARG002
        ledger, log = Ledger.read(BOOKS), read_log(SERVERS, TOPIC)
        assert not ledger.not_as_acknowledged(log)
        assert not ledger.refused_and_there(log)

"""Records in JSON under their schema's id. The schema says nothing that the pipeline's own rules do not."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.events import OrderEvent, as_json
from pipeline.framed import Read, Write


class JsonSchema:
    kind = "JSON"
    suffix = ".json"
    model = OrderEvent

    def reader(self, schema: str) -> Read:  # noqa: ARG002 - whatever schema it was written in, JSON names its fields
        return json.loads

    def writer(self, schema: str) -> Write:  # noqa: ARG002
        def write(record: Mapping[str, Any]) -> bytes:
            return as_json("", record)

        return write

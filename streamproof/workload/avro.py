"""Events as a producer of Avro sends them: under the id that the registry gave their schema."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from streamproof.history.terms import Fate
from streamproof.serde.avro import Encoder
from streamproof.workload.events import Event


def in_avro(events: Iterable[Event], schema: Any, number: int) -> Iterator[Event]:
    """The same events, their JSON values encoded with `schema`, whose id is `number`; poison stays as it is."""
    encoder = Encoder(schema)
    for event in events:
        if event.fate is Fate.POISON:
            yield event
        else:
            yield replace(event, value=encoder.framed(number, json.loads(event.value)))

"""Events as a producer of Avro sends them: under the id that the registry gave their schema."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from streamproof.avro import FRAME, MAGIC, Encoder
from streamproof.history.tables import Fate
from streamproof.workload.events import Event

UNKNOWN = 2**31 - 1  # an id that no registry reaches


def in_avro(events: Iterable[Event], schema: Any, number: int) -> Iterator[Event]:
    """The same events, their JSON values encoded with `schema`, whose id is `number`.

    Poison comes in turn as what no registry was asked about (the JSON itself), with an id that it never gave, and as
    a record that is cut off.
    """
    encoder = Encoder(schema)
    turns = count()
    for event in events:
        if event.fate is not Fate.POISON:
            value = encoder.framed(number, json.loads(event.value))
        else:
            frames = (b"", FRAME.pack(MAGIC, UNKNOWN), FRAME.pack(MAGIC, number))
            frame = frames[next(turns) % len(frames)]
            value = frame if frame == frames[-1] else frame + event.value
        yield replace(event, value=value)

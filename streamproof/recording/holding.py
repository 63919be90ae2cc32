"""What effects must hold, and what they do hold: the fields that the contract names, each as the text `field=value`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamproof.contract.model import Field, Holds
from streamproof.errors import UsageError
from streamproof.serde.locators import Locator, document_in, scalar_at
from streamproof.serde.partitioners import PARTITIONERS
from streamproof.serde.plain import LONGEST, plain
from streamproof.workload.events import Event

Echo = list[str | None]


@dataclass(frozen=True)
class InputRecord:
    """An input as a contract's function is given it: `value` from its JSON, whatever format it was sent in."""

    key: str | None
    value: Any
    headers: Mapping[str, str]

    @classmethod
    def of(cls, event: Event) -> "InputRecord":
        headers = {name: text.decode(errors="replace") for name, text in event.headers}
        return cls(event.key, document_in(event.value), headers)

    def at(self, locator: Locator) -> Any:
        """What lies at a place of the JSON, the headers or the key."""
        if locator.kind == "header":
            return self.headers.get(locator.path)
        return self.key if locator.kind == "key" else scalar_at(self.value, locator.steps)


def due_echo(holds: Holds, record: InputRecord) -> Echo:
    """What the effects of this input must hold; UsageError where the contract's function fails."""
    said: Mapping[str, Any] = {}
    if holds.oracle is not None:
        try:
            said = dict(holds.oracle(record))
        except Exception as error:
            raise UsageError(
                f"the contract's function {holds.oracle.__name__} failed for an input of key {record.key}, whose value "
                f"is {record.value}: {type(error).__name__}: {error}; mend it, or leave its fields out"
            ) from error
    return [
        _told(field, said.get(field.name) if field.source is None else record.at(field.source))
        for field in holds.fields
    ]


def found_echoes(fields: Sequence[Field], columns: Iterable[Sequence[Any]]) -> list[Echo]:
    """What effects hold, by the columns of what was found in each field's place."""
    told = (_told_all(field, found) for field, found in zip(fields, columns, strict=True))
    return [list(row) for row in zip(*told, strict=True)]


def homes(partitioner: str | None, keys: Sequence[bytes | None], partitions: int | None) -> list[int | None] | None:
    """The partition that each key belongs to; none where that is not known."""
    if partitioner is None or partitions is None:
        return None
    home = PARTITIONERS[partitioner]
    return [home(key, partitions) if key else None for key in keys]


def _told(field: Field, found: Any) -> str | None:
    text = plain(found)
    return None if text is None else f"{field.name}={text}"


def _told_all(field: Field, found: Iterable[Any]) -> Echo:
    """The same of many, most of which are short texts."""
    start = f"{field.name}="
    return [start + each if type(each) is str and 0 < len(each) <= LONGEST else _told(field, each) for each in found]

"""Words for the evolution of a schema. They need no cluster.

Given the schema history of message "OrderEvent" in "contracts/orders-avro.asyncapi.yaml"
When the next version drops the field "amount"
Then the next version is refused: reader-field-missing-default at /fields/4
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd import given, parsers, then, when

if TYPE_CHECKING:
    from streamproof.compat import Result, Version


@dataclass(frozen=True)
class Evolution:
    """A history of a record, the oldest version first, and the version that is to follow."""

    level: str
    versions: tuple[Version, ...]
    next: dict[str, Any]

    @property
    def fields(self) -> list[dict[str, Any]]:
        fields: list[dict[str, Any]] = self.next["fields"]
        return fields

    def field(self, name: str) -> dict[str, Any]:
        found = next((field for field in self.fields if field["name"] == name), None)
        assert found is not None, f'there is no field "{name}"'  # noqa: S101
        return found

    def with_fields(self, fields: Iterable[dict[str, Any]]) -> Evolution:
        return replace(self, next={**self.next, "fields": list(fields)})

    def with_field(self, name: str, **changed: Any) -> Evolution:
        wanted = self.field(name)
        return self.with_fields({**field, **changed} if field is wanted else field for field in self.fields)

    def result(self) -> Result:
        from streamproof.compat import check

        return check(self.next, [version.text for version in self.versions], level=self.level)


@given(parsers.re(r'the schema history "(?P<directory>[^"]+)" at level (?P<level>\w+)'), target_fixture="evolution")
def history(pytestconfig: pytest.Config, directory: str, level: str) -> Evolution:
    """The versions `v1.avsc`, `v2.avsc`, … in a directory, and the level that they are judged at.

    Example: Given the schema history "contracts/schemas/order_event" at level FULL_TRANSITIVE
    """
    from streamproof.compat.files import read_history

    versions = tuple(read_history(pytestconfig.rootpath / directory))
    return Evolution(level, versions, json.loads(versions[-1].text))


@given(parsers.re(r'the schema history of message "(?P<message>\w+)" in "(?P<path>[^"]+)"'), target_fixture="evolution")
def promised(pytestconfig: pytest.Config, message: str, path: str) -> Evolution:
    """The versions of a message's schema, and the level that the contract promises.

    The version that the contract refers to must be the newest.

    Example: Given the schema history of message "OrderEvent" in "contracts/orders-avro.asyncapi.yaml"
    """
    from streamproof.contract.evolution import read_evolution

    contract = read_evolution(pytestconfig.rootpath / path, message)
    evolution = history(pytestconfig, str(contract.schema.parent), contract.level)
    newest = evolution.versions[-1].source
    assert newest == str(contract.schema), f"the contract refers to {contract.schema}, but {newest} is newer"  # noqa: S101
    return evolution


@when(parsers.parse('the next version drops the field "{name}"'), target_fixture="evolution")
def drops(evolution: Evolution, name: str) -> Evolution:
    """The next version is the newest without this field.

    Example: When the next version drops the field "amount"
    """
    dropped = evolution.field(name)
    return evolution.with_fields(field for field in evolution.fields if field is not dropped)


@when(parsers.parse('the next version gives "{name}" the type {text}'), target_fixture="evolution")
def gives(evolution: Evolution, name: str, text: str) -> Evolution:
    """The field has another type in the next version, given as JSON.

    Example: When the next version gives "amount" the type "double"
    """
    return evolution.with_field(name, type=json.loads(text))


@when(parsers.parse('the next version adds the symbol "{symbol}" to "{name}"'), target_fixture="evolution")
def adds_symbol(evolution: Evolution, symbol: str, name: str) -> Evolution:
    """The enum of this field has a further symbol in the next version.

    Example: When the next version adds the symbol "returned" to "type"
    """
    enum = evolution.field(name)["type"]
    return evolution.with_field(name, type={**enum, "symbols": [*enum["symbols"], symbol]})


@when(parsers.re(r"the next version adds (?P<text>\{.*\})"), target_fixture="evolution")
def adds(evolution: Evolution, text: str) -> Evolution:
    """The next version has a further field, given as JSON.

    Example: When the next version adds {"name": "channel", "type": "string"}
    """
    return evolution.with_fields([*evolution.fields, json.loads(text)])


@then("each version is compatible with those before it")
def each_compatible(evolution: Evolution) -> None:
    """Every version of the history may follow the versions before it.

    Example: Then each version is compatible with those before it
    """
    from streamproof.compat import check_history

    results = check_history(evolution.versions, level=evolution.level)
    broken = [_explained(result) for result in results if not result.compatible]
    assert not broken, "\n".join(broken)  # noqa: S101


@then("the next version is accepted")
def accepted(evolution: Evolution) -> None:
    """The next version may follow the history.

    Example: Then the next version is accepted
    """
    result = evolution.result()
    assert result.compatible, _explained(result)  # noqa: S101


@then(parsers.re(r"the next version is refused: (?P<kind>[\w-]+) at (?P<path>/\S*)"))
def refused(evolution: Evolution, kind: str, path: str) -> None:
    """The next version may not follow the history, for this reason, at this place in the schema.

    Example: Then the next version is refused: reader-field-missing-default at /fields/4
    """
    result = evolution.result()
    assert not result.compatible, f"{result.level} accepts it"  # noqa: S101
    found = {(difference.type, difference.path or "/") for difference in result.differences}
    assert (kind, path) in found, f"refused for other reasons: {sorted(found)}"  # noqa: S101


def _explained(result: Result) -> str:
    from rich.text import Text

    from streamproof.compat.command import explain

    return Text.from_markup(explain(result)).plain

"""Words for the evolution of a schema. They need no cluster.

Given the schema history "contracts/schemas/order_event" at level FULL_TRANSITIVE
When the next version drops the field "amount"
Then it is refused: reader-field-missing-default at /fields/4
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd import given, parsers, then, when

if TYPE_CHECKING:
    from streamproof.compat import Result, Version


@dataclass(frozen=True)
class Evolution:
    """A history, the oldest version first, and the version that is to follow."""

    level: str
    versions: tuple[Version, ...]
    next: dict[str, Any] = field(default_factory=dict)

    def result(self) -> Result:
        from streamproof.compat import check

        return check(self.next, [one.text for one in self.versions], level=self.level)


@given(parsers.re(r'the schema history "(?P<directory>[^"]+)" at level (?P<level>\w+)'), target_fixture="evolution")
def history(pytestconfig: pytest.Config, directory: str, level: str) -> Evolution:
    from streamproof.compat.files import read_history

    versions = tuple(read_history(pytestconfig.rootpath / directory))
    return Evolution(level, versions, json.loads(versions[-1].text))


@when(parsers.parse('the next version drops the field "{name}"'), target_fixture="evolution")
def drops(evolution: Evolution, name: str) -> Evolution:
    kept = [one for one in evolution.next["fields"] if one["name"] != name]
    assert len(kept) < len(evolution.next["fields"]), f'there is no field "{name}"'  # noqa: S101
    return replace(evolution, next={**evolution.next, "fields": kept})


@when(parsers.parse("the next version adds {text}"), target_fixture="evolution")
def adds(evolution: Evolution, text: str) -> Evolution:
    return replace(evolution, next={**evolution.next, "fields": [*evolution.next["fields"], json.loads(text)]})


@then("each version is compatible with those before it")
def each_compatible(evolution: Evolution) -> None:
    from streamproof.compat import check_history
    from streamproof.compat.command import explain

    broken = [one for one in check_history(evolution.versions, level=evolution.level) if not one.compatible]
    assert not broken, "\n".join(explain(one) for one in broken)  # noqa: S101


@then("it is accepted")
def accepted(evolution: Evolution) -> None:
    from streamproof.compat.command import explain

    result = evolution.result()
    assert result.compatible, explain(result)  # noqa: S101


@then(parsers.re(r"it is refused: (?P<kind>[\w-]+) at (?P<path>/\S*)"))
def refused(evolution: Evolution, kind: str, path: str) -> None:
    result = evolution.result()
    assert not result.compatible, f"{result.level} accepts it"  # noqa: S101
    found = {(one.type, one.path or "/") for one in result.differences}
    assert (kind, path) in found, f"refused for other reasons: {sorted(found)}"  # noqa: S101

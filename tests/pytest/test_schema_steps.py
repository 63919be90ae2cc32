"""The words for a schema's evolution, in a project of a user's."""

import json
from pathlib import Path
from typing import Any

import pytest

CONTRACT = """asyncapi: 3.0.0
components:
  messages:
    Order:
      x-compatibility: FULL
      payload: { schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: { $ref: ./order/v2.avsc } }
"""
GIVEN = 'Given the schema history of message "Order" in "contract.yaml"'
FEATURE = """
Feature: An order's schema
  Scenario: told
    {}
    {}
"""


def order(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "Order", "fields": fields})


ID: dict[str, Any] = {"name": "id", "type": "string"}
KIND = {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["a"], "default": "a"}, "default": "a"}


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A contract with two versions of an order, the newer of which has a kind too."""
    (pytester.path / "contract.yaml").write_text(CONTRACT)
    versions = pytester.mkdir("order")
    (versions / "v1.avsc").write_text(order(ID))
    (versions / "v2.avsc").write_text(order(ID, KIND))
    return pytester.mkdir("features")


@pytest.mark.parametrize(
    ("steps", "failure"),
    [
        (["Then each version is compatible with those before it"], None),
        (['When the next version drops the field "kind"', "Then the next version is accepted"], None),
        (['When the next version adds the symbol "b" to "kind"', "Then the next version is accepted"], None),
        (['When the next version gives "id" the type "bytes"', "Then the next version is accepted"], None),
        (
            ['When the next version adds {"name": "x", "type": "int"}', "Then the next version is accepted"],
            "v3 → v2  INCOMPATIBLE  BACKWARD",
        ),
        (
            ['When the next version drops the field "id"', "Then the next version is refused: type-mismatch at /x"],
            "refused for other reasons: [('reader-field-missing-default', '/fields/0')]",
        ),
        (
            ['When the next version drops the field "kind"', "Then the next version is refused: type-mismatch at /x"],
            "FULL accepts it",
        ),
        (['When the next version drops the field "ik"', "Then the next version is accepted"], 'no field "ik"'),
    ],
)
def test_a_next_version_is_told_of_as_it_is(
    pytester: pytest.Pytester, project: Path, steps: list[str], failure: str | None
) -> None:
    """A scenario passes, or fails with what is the matter."""
    (project / "order.feature").write_text(FEATURE.format(GIVEN, "\n    ".join(steps)))
    done = pytester.runpytest_inprocess("features")
    done.assert_outcomes(passed=not failure, failed=bool(failure))
    assert (failure or "1 passed") in done.stdout.str()


def test_a_contract_that_uses_no_newest_version_is_told(pytester: pytest.Pytester, project: Path) -> None:
    """The versions beside it are judged, and the version in use would not be the newest of them."""
    (pytester.path / "order" / "v3.avsc").write_text(order(ID))
    (project / "order.feature").write_text(
        FEATURE.format(GIVEN, "Then each version is compatible with those before it")
    )
    done = pytester.runpytest_inprocess("features")
    assert "order/v2.avsc, but" in done.stdout.str()
    done.assert_outcomes(failed=1)


def test_a_history_may_be_given_without_a_contract(pytester: pytest.Pytester, project: Path) -> None:
    """By its directory and a level; each pair that breaks is reported."""
    (pytester.path / "order" / "v3.avsc").write_text(order())
    given = 'Given the schema history "order" at level FORWARD'
    (project / "order.feature").write_text(
        FEATURE.format(given, "Then each version is compatible with those before it")
    )
    done = pytester.runpytest_inprocess("features")
    done.assert_outcomes(failed=1)
    assert "v3 → v2  INCOMPATIBLE  FORWARD" in done.stdout.str()

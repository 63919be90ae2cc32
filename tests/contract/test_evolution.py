"""What a contract promises of how a message's schema evolves."""

import re
from pathlib import Path

import pytest

from streamproof.compat import Level
from streamproof.contract.evolution import read_evolution
from streamproof.errors import ContractError

CONTRACTS = Path(__file__).parents[2] / "contracts"
DOCUMENT = """asyncapi: 3.0.0
components:
  messages:
    Order:
      x-compatibility: FULL
      payload:
        schemaFormat: application/vnd.apache.avro;version=1.9.0
        schema: { $ref: ./order/v2.avsc }
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "v2.avsc").write_text('{"type": "record", "name": "Order", "fields": []}')
    return tmp_path / "orders.yaml"


def test_the_reference_contract_promises_its_order_events_history() -> None:
    """At the strictest level, with the newest version in use."""
    found = read_evolution(CONTRACTS / "orders-avro.asyncapi.yaml", "OrderEvent")
    assert found.level is Level.FULL_TRANSITIVE
    newest = max((CONTRACTS / "schemas" / "order_event").iterdir())
    assert found.schema == newest


def test_a_level_and_the_file_in_use_are_read(document: Path) -> None:
    """The versions before it lie beside it."""
    document.write_text(DOCUMENT)
    found = read_evolution(document, "Order")
    assert (found.level, found.schema) == (Level.FULL, document.parent / "order" / "v2.avsc")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    Order:", "    Ordr:", '3: message "Order" is not defined (did you mean "Ordr"?)'),
        ("x-compatibility", "x-other", "4: components.messages.Order.x-compatibility is missing: expected NONE, "),
        ("FULL", "FUL", "5: components.messages.Order.x-compatibility: expected NONE, BACKWARD, BACKWARD_TRANSITIVE"),
        ("./order/v2.avsc", "./order/v3.avsc", "8: components.messages.Order.payload.schema.$ref: cannot read"),
        ("{ $ref: ./order/v2.avsc }", "{ type: string }", "8: components.messages.Order.payload.schema: expected { $r"),
    ],
)
def test_what_is_not_said_is_told_with_its_line(document: Path, old: str, new: str, sentence: str) -> None:
    """And what was expected there."""
    document.write_text(DOCUMENT.replace(old, new))
    with pytest.raises(ContractError, match=re.escape(f"{document}:{sentence}")):
        read_evolution(document, "Order")

"""What a subject may do on a cluster that asks who it is."""

from dataclasses import replace
from pathlib import Path

from streamproof.checks import Outcome
from streamproof.contract.asyncapi import read_contract
from streamproof.engine.request import Request, verify
from streamproof.engine.rights import rights
from streamproof.kafka.access import ALL_NAMES, DESCRIBE, GROUP, READ, TOPIC, TRANSACTIONAL_ID, WRITE, Right

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contracts" / "orders.asyncapi.yaml"
IN_TRANSACTIONS = {Right(TRANSACTIONAL_ID, ALL_NAMES, WRITE), Right(TRANSACTIONAL_ID, ALL_NAMES, DESCRIBE)}


def of_topic(operation: object, *names: str) -> set[Right]:
    return {Right(TOPIC, name, kind) for name in names for kind in (operation, DESCRIBE)}  # type: ignore[arg-type]


def test_what_the_contract_names_is_granted_and_nothing_else() -> None:
    """The input to read as the group, effects and dead letters to write; a query is no topic."""
    forwarder, projector = (read_contract(CONTRACT, name) for name in ("forwardOrders", "projectOrders"))
    effects = of_topic(WRITE, "orders-processed", "order-notifications", "order-events-dlq")
    assert {*rights(forwarder)} == {
        *of_topic(READ, "order-events"), *effects, Right(GROUP, "order-processor", READ), *IN_TRANSACTIONS,
    }  # fmt: skip
    assert {*rights(projector)} == {
        *of_topic(READ, "orders-processed"), *of_topic(WRITE, "orders-processed-dlq"),
        Right(GROUP, "order-projector", READ), *IN_TRANSACTIONS,
    }  # fmt: skip


def test_who_sends_reads_nothing() -> None:
    """It is in no group either."""
    assert {*rights(read_contract(CONTRACT, "sendOrders"))} == {*of_topic(WRITE, "order-events"), *IN_TRANSACTIONS}


def test_the_groups_of_later_stages_are_not_known() -> None:
    """Hops are read and written, by whatever group."""
    contract = read_contract(CONTRACT, "forwardOrders")
    staged = {*rights(replace(contract, through=(contract.produces[0].channel,)))}
    assert {*of_topic(READ, "orders-processed"), Right(GROUP, ALL_NAMES, READ)} <= staged


def test_a_subject_is_upheld_with_what_its_contract_names(tmp_path: Path) -> None:
    """It comes in by a password; the same subject under a contract that leaves an effect out may not write it."""
    request = Request(
        directory=tmp_path / "run",
        seed=3,
        subject="orders",
        config=ROOT / "streamproof.toml",
        events=600,
        faults="kill-in-flight@instance:2",
        brokers=1,
        security="scram",
    )
    judged = verify(request)
    assert judged.verdict.outcome is Outcome.UPHELD, (judged.verdict.missing, judged.history.directory)
    secrets = [path for path in (tmp_path / "run").rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert secrets == []

"""`streamproof validate`: everything that is written is checked, and nothing is started."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from streamproof.config.file import read_config
from streamproof.make_schemas import schemas
from tests.calling import FAULT, Call

ROOT = Path(__file__).parents[2]
CONFIG = ["--config", str(ROOT / "streamproof.toml")]


def test_what_is_right_is_said_of_each_subject(call: Call, tmp_path: Path) -> None:
    """Its promise, and its contract; nothing is left behind."""
    called = call("validate", *CONFIG)
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith(f"✔ orders: exactly-once, ordered by key · {ROOT}/contracts/orders.asyncapi.yaml\n")
    assert called.out.count("✔") == len(read_config(ROOT / "streamproof.toml").subjects)
    assert not list(tmp_path.iterdir())


def test_each_subject_with_a_mistake_is_told_and_the_others_too(call: Call, tmp_path: Path) -> None:
    """Not only the first: a project is mended at once."""
    contract = ROOT / "contracts" / "orders.asyncapi.yaml"
    right = f'contract = "{contract}"\noperation = "forwardOrders"\ncommand = "true"\n'
    (tmp_path / "streamproof.toml").write_text(
        f"[subject.a]\n{right}[subject.b]\n{right.replace('true', 'no-such-program')}"
        f"[subject.c]\n{right.replace('forwardOrders', 'fowardOrders')}"
    )
    called = call("validate", "--json")
    told = json.loads(called.out)
    assert called.status == 2
    assert not list(Draft202012Validator(schemas()["validation.json"]).iter_errors(told))
    errors = [subject["error"] for subject in told["subjects"]]
    assert errors[0] is None
    assert "subject b: cannot run 'no-such-program'" in errors[1]
    assert 'operation "fowardOrders" is not defined (did you mean "forwardOrders"?)' in errors[2]
    called = call("validate")
    assert (called.status, called.out.count("✔"), called.err.count("streamproof: ")) == (2, 1, 2)
    assert "\n? a: nothing in the command or its environment names {bootstrap_servers}" in called.out
    assert call("validate", "a").status == 0


def test_a_mistake_in_a_contract_of_two_subjects_is_told_once(call: Call, tmp_path: Path) -> None:
    """It is one mistake, wherever the contract is used."""
    (tmp_path / "c.yaml").write_text("asyncapi: 2.6.0\n")
    (tmp_path / "streamproof.toml").write_text(
        "".join(f'[subject.{name}]\ncontract = "c.yaml"\ncommand = "true"\n' for name in "ab")
    )
    called = call("validate")
    assert (called.status, called.out) == (2, "")
    assert called.err.count("c.yaml:1: asyncapi: expected a version 3.x.y") == 1
    assert [each["error"] is None for each in json.loads(call("validate", "--json").out)["subjects"]] == [False] * 2


@pytest.mark.parametrize(("target", "status"), [("instance:2", 0), ("instance:3", 2)])
def test_a_plan_is_checked_against_the_subject(call: Call, tmp_path: Path, target: str, status: int) -> None:
    """As it would be before a run of it."""
    (tmp_path / "p.json").write_text(FAULT.format("kill", target, 0.5))
    called = call("validate", "orders", *CONFIG, "--faults", "p.json")
    assert called.status == status
    assert ("there is no instance:3; write" in called.err) == bool(status)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (None, "streamproof.toml is not there; `streamproof init` writes it; or name another file"),
        ("", "streamproof.toml: no subject is declared; add a table [subject.NAME]"),
        ("[subject.a]\ncommand = 3\n", "streamproof.toml:2: subject.a.command: expected a command"),
    ],
)
def test_a_file_that_is_wrong_itself_is_told(call: Call, tmp_path: Path, toml: str | None, sentence: str) -> None:
    """There are no subjects then to be checked."""
    if toml is not None:
        (tmp_path / "streamproof.toml").write_text(toml)
    called = call("validate")
    assert (called.status, called.out) == (2, "")
    assert sentence in called.err

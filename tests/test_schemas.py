"""The published schemas: made from the models, and right about real documents."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streamproof.checks import judge
from streamproof.cluster import STARTED
from streamproof.config.file import read_config
from streamproof.contract.source_document import Documents
from streamproof.faults import Plan, Surroundings
from streamproof.make_schemas import DIRECTORY, schemas, text_of
from streamproof.report.document import judged_run
from tests.checks.scenes import clean

ROOT = Path(__file__).parent.parent
CONTRACTS = sorted((ROOT / "contracts").glob("*.yaml"))
KILL = {"kind": "kill", "target": "instance:1", "at": 0.5}


def complaints(name: str, document: Any) -> list[str]:
    """What the schema of that name has to say against a document."""
    return [error.message for error in Draft202012Validator(schemas()[name]).iter_errors(document)]


@pytest.mark.parametrize("name", schemas())
def test_the_published_schemas_are_what_the_models_say(name: str) -> None:
    """They are made by `python -m streamproof.make_docs`, and are themselves schemas."""
    assert (ROOT / DIRECTORY / name).read_text() == text_of(schemas()[name])
    Draft202012Validator.check_schema(schemas()[name])


def test_the_configuration_of_this_repository_fits_its_schema() -> None:
    """As TOML's own parser reads it."""
    assert complaints("streamproof.toml.json", tomllib.loads((ROOT / "streamproof.toml").read_text())) == []


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_each_contract_fits_its_schema(path: Path) -> None:
    """As it is read, references and all."""
    assert complaints("contract.json", Documents().load(path).plain()) == []


@pytest.mark.parametrize("backend", STARTED)
def test_a_saved_plan_fits_its_schema(tmp_path: Path, backend: str) -> None:
    """With a fault of each kind that the default plan has."""
    subject = read_config(ROOT / "streamproof.toml").subject("projector")
    Plan.default(1, Surroundings.foreseen(subject, backend, 3)).save(tmp_path / "plan.json")
    assert complaints("plan.json", json.loads((tmp_path / "plan.json").read_text())) == []


def test_a_verdict_and_its_run_fit_their_schema(tmp_path: Path) -> None:
    """With a witness, and with the plan that lies beside the history."""
    scene = clean()
    scene.effect("no input")
    history = scene.write(tmp_path / "history")
    Plan(seed=7).save(tmp_path / "plan.json")
    document = judged_run(judge(history, threads=1), history).to_json()
    assert document["plan"] == {"seed": 7, "faults": [], "dropped": []}
    assert complaints("verdict.json", document) == []


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("streamproof.toml.json", {"subject": {"a": {"contract": "c.yaml", "command": "x", "instnces": 2}}}),
        ("streamproof.toml.json", {"subject": {"a": {"contract": "c.yaml", "command": "x", "ready": {"lag": "x"}}}}),
        ("streamproof.toml.json", {"subject": {"a": {"command": "x"}}}),
        ("streamproof.toml.json", {"cluster": {"registry": False}}),
        ("contract.json", {"asyncapi": "3.0.0", "channels": {}, "operations": {"a": {"x-delivery": "twice"}}}),
        ("contract.json", {"asyncapi": "3.0.0", "channels": {}, "operations": {"a": {"x-identity": "id"}}}),
        ("contract.json", {"asyncapi": "2.6.0", "channels": {}, "operations": {}}),
        ("plan.json", {"faults": [{**KILL, "kind": "melt"}]}),
        ("plan.json", {"faults": [{**KILL, "target": "broker:1"}]}),
        ("plan.json", {"faults": [{**KILL, "lasts": 3}]}),
        ("plan.json", {"faults": [{**KILL, "after": "loss"}]}),
        ("verdict.json", {"outcome": "upheld"}),
    ],
)
def test_a_mistake_does_not_fit(name: str, document: Any) -> None:
    """An editor can tell what the command would refuse."""
    assert complaints(name, document)


def test_what_is_written_by_hand_need_not_say_everything() -> None:
    """A plan of a single fault, and a subject of two keys."""
    assert complaints("plan.json", {"faults": [KILL]}) == []
    assert complaints("streamproof.toml.json", {"subject": {"a": {"contract": "c.yaml", "command": "x"}}}) == []

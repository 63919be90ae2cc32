"""JSON Schemas of what a user writes and of what a run prints, made from the models that read and write them.

`python -m streamproof.make_docs` writes them, for editors and for other programs.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from streamproof.config.file import Config
from streamproof.contract.extensions import DocumentPart
from streamproof.engine.validation import Validation
from streamproof.faults.written import TRIGGERS, WrittenFault, WrittenPlan, kinds
from streamproof.lag.document import LagReport
from streamproof.probe.document import ProbeReport
from streamproof.report.document import Demonstrated, JudgedRun
from streamproof.report.shrunk import ShrunkRun
from streamproof.report.sweep import SweepDocument
from streamproof.starter.project import Written

DIRECTORY = Path("docs/schemas")
PATTERNS = {"N": r"[1-9]\d*", "CHANNEL": ".+"}  # of what stands for something in the form of a target
Schema = dict[str, Any]


class _Untitled(GenerateJsonSchema):
    """Without titles that only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic calls it
        return False


class _WithoutNull(_Untitled):
    """For TOML and for our part of a contract: what is left out is not null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        made = super().default_schema(schema)
        return {name: value for name, value in made.items() if name != "default" or value is not None}


def schemas() -> Mapping[str, Schema]:
    """Each schema, by the name of its file."""
    return {
        "streamproof.toml.json": _named("streamproof.toml", Config, _WithoutNull),
        "contract.json": _named("The x- extensions of a contract", DocumentPart, _WithoutNull),
        "plan.json": _plan(),
        "verdict.json": _named("What verify --json and check --json print", JudgedRun, _Untitled, "serialization"),
        "validation.json": _named("What validate --json prints", Validation, _Untitled, "serialization"),
        "init.json": _named("What init --json prints", Written, _Untitled, "serialization"),
        "lag.json": _named("What lag --json prints", LagReport, _Untitled, "serialization"),
        "probe.json": _named("What probe --json prints", ProbeReport, _Untitled, "serialization"),
        "sweep.json": _named("What crash --json prints", SweepDocument, _Untitled, "serialization"),
        "shrunk.json": _named("What shrink --json prints", ShrunkRun, _Untitled, "serialization"),
        "demo.json": _named("What demo --json prints", Demonstrated, _Untitled, "serialization"),
    }


def write(directory: Path = DIRECTORY) -> None:
    """Each schema into its file."""
    directory.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (directory / name).write_text(text_of(schema))


def text_of(schema: Schema) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _named(title: str, model: Any, generator: type[GenerateJsonSchema], mode: JsonSchemaMode = "validation") -> Schema:
    made = model.model_json_schema(schema_generator=generator, mode=mode)
    return {"$schema": GenerateJsonSchema.schema_dialect, **made, "title": title}


def _plan() -> Schema:
    """A plan, whose faults have the keys that all have, and the parameters of their actions."""
    fault = WrittenFault.model_json_schema(schema_generator=_WithoutNull)
    del fault["additionalProperties"]  # else every key would count as known
    when = [{"required": [key]} for key in TRIGGERS]
    plan = _named("A plan of faults, plan.json", WrittenPlan, _Untitled)
    plan["properties"]["faults"]["items"] = {
        **fault,
        "unevaluatedProperties": False,
        "allOf": [{"oneOf": when}, {"oneOf": [_own_keys(kind) for kind in kinds()]}],
    }
    return plan


def _own_keys(kind: str) -> Schema:
    """What stands in a fault of this kind, beside the keys that all have."""
    action = kinds()[kind]
    made = action.model_json_schema(schema_generator=_WithoutNull)
    forms = "|".join(re.sub(r"\b[A-Z]+\b", lambda name: PATTERNS[name[0]], form) for form in action.target.forms)
    target = {"type": "string", "pattern": f"^(?:{forms})$"}
    return {
        "description": made["description"].split("\n\n")[0],
        "properties": {**made["properties"], "kind": {"const": kind}, "target": target},
    }

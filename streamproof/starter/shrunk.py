"""A violated run that was made as small as it gets, as a test of the project: for pytest, or in Gherkin."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streamproof.faults import Plan
from streamproof.faults.written import keys_of


class Form(StrEnum):
    PYTEST = "pytest"
    GHERKIN = "gherkin"


@dataclass(frozen=True)
class ShrunkTest:
    """What the test says. `before` and `after`: the sizes of the run, in words; `rate`: such as "3 of 3"."""

    subject: str
    anomaly: str
    definition: str
    plan: Plan
    events: int
    instances: int
    seed: int
    before: str
    after: str
    rate: str

    def name(self, form: Form) -> str:
        """The name of its file."""
        if form is Form.GHERKIN:
            return f"{self.subject}-{self.anomaly}.feature"
        return f"test_{_stem(self.subject)}_{_stem(self.anomaly)}.py"

    def text(self, form: Form) -> str:
        """The content of its file."""
        from streamproof.starter.project import environment  # noqa: PLC0415 - slow to import, and the command knows Form

        made = environment()
        made.filters |= {"call": _call, "json": json.dumps}
        template = made.get_template("shrunk.py.jinja" if form is Form.PYTEST else "shrunk.feature.jinja")
        return template.render(
            vars(self)
            | {
                "faults": [keys_of(fault) for fault in self.plan.faults],
                "stem": _stem(self.subject),
                "anomaly_stem": _stem(self.anomaly),
            }
        )


def _stem(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _call(keys: Mapping[str, Any]) -> str:
    """`Fault.of("kill", "instance:1", at=0.3)`."""
    kind, target, *rest = keys.items()
    words = [json.dumps(value) for _, value in (kind, target)] + [f"{name}={_python(value)}" for name, value in rest]
    return f"Fault.of({', '.join(words)})"


def _python(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)

"""The page of the public face, made from its docstrings and examples: `python -m streamproof.make_docs`.

It writes the schemas too.
"""

import inspect
import re
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import streamproof
from streamproof import make_schemas

PAGE = Path("docs/api.md")
WIDTH = 100
INTRODUCTION = """\
# From Python
What `streamproof` exports: the same things as the command and the pytest plugin, under the same names. Actions,
triggers and targets of faults are in `streamproof.faults` ([faults](faults.md)), the events of a session in
`streamproof.engine.events`. This page is made from the code's own docstrings, and its examples are run as they stand,
in this order; `directory` is an empty directory.
"""
# in the order in which they are read, and run
EXAMPLES = {
    "read_config": 'config = read_config(Path("streamproof.toml"))\nassert "orders" in config.subjects',
    "ClusterConfig": 'cluster = ClusterConfig(brokers=1)\nassert cluster.where == "embedded"',
    "declared_spec": """\
spec = declared_spec(config, "orders", records=1000, seed=1, directory=directory / "verified", suffix="-verified")""",
    "RunSpec": "assert not spec.needs_registry\nassert len(spec.events) == 1000",
    "Fault": """\
dies = Fault.of("kill-in-flight", "instance:1", at=0.3, lasts_ms=300)
assert str(dies) == "kill instance:1\"""",
    "Plan": """\
plan = Plan((dies,))
plan.save(directory / "mine.json")
assert Plan.read(directory / "mine.json") == plan""",
    "SessionEvent": """\
events: list[SessionEvent] = []


def listen(event: SessionEvent) -> None:
    print(event)
    events.append(event)""",
    "Session": """\
with Session(cluster, logs=directory / "logs", listeners=[listen]) as session:
    judged = session.verify(spec, plan)
    other = declared_spec(config, "orders", records=600, seed=2, directory=directory / "by-hand", suffix="-by-hand")
    with session.run(other) as run:
        evidence = run.inject(Fault.of("kill", "instance:2", at=0.3))""",
    "Run": 'assert run.history.record.subject == "orders"\nrun.verdict.require("lost", "late")',
    "Judged": "assert judged in events\nassert run.judged in events",
    "Evidence": 'assert evidence.effective\nassert evidence.sentence.startswith("instance 2 killed")',
    "Verdict": """\
assert judged.verdict.finding("lost").witnesses == 0
judged.verdict.require("lost", "late", "phantom")""",
    "Finding": """\
for finding in judged.verdict.findings:
    print(finding.anomaly, finding.status, finding.witnesses)""",
    "History": """\
history = History.find(directory / "verified")
assert [fault["kind"] for fault in history.rows("fault")] == ["kill"]""",
    "judge": "assert judge(history) == judged.verdict",
    "check": 'assert check(directory / "verified") == judged.verdict',
    "errors": """\
try:
    Fault.of("melt", "instance:1")
except errors.UsageError as error:
    assert "there is none of that name" in str(error)""",
}


def page() -> str:
    """The whole page, as Markdown."""
    imports = ",\n    ".join(sorted(EXAMPLES))
    start = f"```python\nfrom pathlib import Path\n\nfrom streamproof import (\n    {imports},\n)\n```\n"
    return "\n".join([INTRODUCTION, start, *(_section(name, example) for name, example in EXAMPLES.items())])


def _section(name: str, example: str) -> str:
    thing = getattr(streamproof, name)
    parts = [f"## {name}"]
    if not inspect.ismodule(thing):
        parts.append(f"```python\n{_signature(name, thing)}\n```")
    parts.append(_text(thing))
    if inspect.isclass(thing):
        parts += [_member(member, value) for member, value in vars(thing).items() if _is_public(member, value)]
    parts.append(f"\n```python\n{example}\n```\n")
    return "\n".join(parts)


def _signature(name: str, thing: Any) -> str:
    """Parameters with their types, `self` and `cls` left out, and what the thing returns, if it is no class."""
    try:
        hints = typing.get_type_hints(thing)  # without what only validation needs
    except NameError:  # a name that only a type checker knows
        hints = {}
    signature = inspect.signature(thing)
    parameters = []
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
        text = f"{stars}{parameter.name}: {_type(hints.get(parameter.name, parameter.annotation))}"
        if parameter.default is not parameter.empty:
            plain = isinstance(parameter.default, str | int | float | tuple | None) and parameter.default != ""
            text += f" = {parameter.default!r}" if plain else " = …"
        parameters.append(text)
    returns = "" if inspect.isclass(thing) else f" -> {_type(hints.get('return', signature.return_annotation))}"
    whole = f"{name}({', '.join(parameters)}){returns}"
    if len(whole) <= WIDTH:
        return whole
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){returns}"


def _type(annotation: Any) -> str:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return "None" if annotation is type(None) else annotation.__name__
    return re.sub(r"(?:\w+\.)+(?=\w)", "", str(annotation)).replace("'", "")


def _text(thing: Any) -> str:
    """A docstring as Markdown: what is indented in it is code."""
    lines, code = [], False
    for line in (inspect.getdoc(thing) or "").splitlines():
        indented = line.startswith("    ")
        if indented and not code:
            lines.append("```")
        elif code and line and not indented:
            lines.insert(len(lines) - (not lines[-1]), "```")
        code = indented or (code and not line)
        lines.append(line.removeprefix("    ") if indented else line)
    return "\n".join([*lines, *(["```"] if code else [])])


def _is_public(name: str, value: Any) -> bool:
    documented = inspect.getdoc(value.fget if isinstance(value, property) else value)
    callable_ = inspect.isfunction(value) or isinstance(value, property | classmethod)
    return not name.startswith("_") and callable_ and bool(documented) and not isinstance(value, Enum)


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"- `{name}` {_sentence(value.fget)}"
    function = value.__func__ if isinstance(value, classmethod) else value
    signature = " ".join(_signature(name, function).split()).replace("( ", "(").replace(", )", ")")
    return f"- `{signature}` {_sentence(function)}"


def _sentence(function: Any) -> str:
    return " ".join((inspect.getdoc(function) or "").split("\n\n", maxsplit=1)[0].split())


if __name__ == "__main__":
    PAGE.write_text(page())
    make_schemas.write()

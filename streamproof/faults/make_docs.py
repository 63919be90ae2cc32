"""The page of faults, made from the docstrings of their functions: `python -m streamproof.faults.make_docs`."""

import inspect
from pathlib import Path

from streamproof.faults.kinds import KINDS, Kind
from streamproof.faults.plan import Plan

PAGE = Path("docs/faults.md")
INTRODUCTION = """\
# Faults
What can be broken on purpose. Each fault is a function in `streamproof/faults/kinds.py` that breaks one thing, looks
for evidence that it took effect, and mends it. One without effect has shown nothing, and the report says so. What this
page says of each is the function's own docstring.
"""
PLANS = """\
## Plans
A plan says what is broken, where and when. `streamproof verify` makes one, unless told otherwise: it kills an instance
inside its cycle, locks each SQLite database of the subject, kills a coordinator, pauses an instance beyond its session
and pauses the leader. Of a subject that is told what to send, and so is in no group, it kills the leader and a second
instance instead. The seed chooses which instances, which coordinator, and when exactly. The brokers of an existing
cluster are left alone, and the report says that their loss was not shown. `--faults none` breaks nothing, and some
faults alone, spread over the run, are said in words:

```sh
streamproof verify --faults kill-in-flight@instance:1,pause-broker@broker:leader
```

Each run saves its plan as `plan.json` in its directory. With two instances and one database, seed 1 makes this one:

```json
{plan}
```
Such a file, as it was saved or written by hand, is a plan again:

```sh
streamproof verify --faults plan.json
```
- `kind` and `target`: as in the table above.
- `at`: the fault's mark, from 0 to 1: it begins when the group has committed past this share of the workload.
- `lasts_ms`: milliseconds from breaking to mending, at least; 500 where it is left out.
- `seed`: makes the workload, unless `--seed` is given. It may be left out.

An instance that dies or sleeps is missed only when its session runs out, and until then its group may stand still: 45 s
unless the client is told otherwise (`session.timeout.ms`; with `group.protocol=consumer`, the broker's
`group.consumer.session.timeout.ms`). With 6 s, a run is over in half a minute.

A plan is checked before anything runs; what is wrong is told with the number of the fault in the file, from 1. In a
test, one fault is `run.inject(Fault(kind="kill", target="instance:1", at=0.3))`.
"""
TARGETS = """\
`broker:leader` leads partition 0 of the topic that the subject reads when the fault begins; `broker:group-coordinator`
coordinates its group then, and `broker:transaction-coordinator` one of its transactions (its group, where it has none).
A subject that is told what to send reads no topic and is in no group: its leader leads the topic that it sends on, and
what needs a group is refused ({of_group}).
"""


def page() -> str:
    """The whole page, as Markdown."""
    kinds = KINDS.values()
    return "\n".join(
        [
            INTRODUCTION,
            "| fault | target | clusters |",
            "| --- | --- | --- |",
            *(f"| [{one.name}](#{one.name}) | {_written(one)} | {', '.join(one.on) or 'any'} |" for one in kinds),
            "",
            TARGETS.replace("{of_group}", _of_group()),
            PLANS.replace("{plan}", _example()),
            *(_section(one) for one in kinds),
        ]
    )


def _written(kind: Kind) -> str:
    return ", ".join(f"`{form}`" for form in kind.target.forms)


def _of_group() -> str:
    return ", ".join(
        ["`broker:group-coordinator`", *(f"[{it.name}](#{it.name})" for it in KINDS.values() if it.of_group)]
    )


def _example() -> str:
    """A default plan, a line a fault."""
    plan = Plan.default(1, instances=2, can_break_brokers=True, databases=["orderHistory"])
    faults = ",\n".join(f"    {one.model_dump_json()}" for one in plan.faults)
    return f'{{\n  "seed": {plan.seed},\n  "faults": [\n{faults}\n  ]\n}}'


def _section(kind: Kind) -> str:
    """A docstring's paragraphs, each as one line; the last two are told apart by how they begin."""
    paragraphs = [" ".join(one.split()) for one in (inspect.getdoc(kind.inject) or "").split("\n\n")]
    *text, evidence, without = paragraphs
    return "\n".join(
        [
            f"## {kind.name}",
            *(f"{one}\n" for one in text),
            f"- **Target** {kind.target.name}: {_written(kind)}",
            f"- **Evidence** {evidence.removeprefix('Evidence: ')}",
            f"- **Without effect** {without.removeprefix('Without effect: ')}",
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())

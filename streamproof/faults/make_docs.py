"""The page of faults, made from the docstrings of their actions: `python -m streamproof.faults.make_docs`."""

import inspect
import json
from pathlib import Path

from streamproof.capabilities import OF_BACKEND, Capability
from streamproof.faults.actions import ACTIONS, Action, Kill, PauseBroker
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment
from streamproof.faults.plan import Plan, Surroundings
from streamproof.faults.targets import (
    ALL_BROKERS,
    ALL_INSTANCES,
    BROKER,
    DATABASE,
    INPUT,
    INSTANCE,
    INSTANCES,
    NEW_INSTANCE,
    BrokerRole,
    Instance,
)
from streamproof.faults.triggers import During, InFlight, Progress
from streamproof.faults.written import keys_of
from streamproof.history.terms import Side
from streamproof.wire import Moment

PAGE = Path("docs/faults.md")
INTRODUCTION = """\
# Faults
What can be broken on purpose. A fault is an **action** on a **target**, when a **trigger** says so. Each action is a
class in `streamproof/faults/actions/` that breaks one thing, looks for evidence that it took effect, and mends it. A
fault without effect has shown nothing. Where its trigger is a mark of progress it is tried once more, with input that
was kept for that (but for [join](#join), whose instance stays); after that, or else, the report says so. What this page
says of each action is its own docstring.
"""
PLANS = """\
## Plans
A plan says what is broken, where and when. `streamproof verify` makes a plan, unless it is told otherwise: it kills
an instance inside its cycle, locks each SQLite database of the subject, kills a coordinator, pauses an instance
beyond its session, stops an instance in good order and pauses the leader. Of a subject that is told what to send, and
so is in no group, it kills the leader and a second instance instead. Where exactly once is promised from topic to
topic, the offsets of a transaction are refused ([error-answer](#error-answer)), as in a rebalance: it must be aborted,
though its partitions stay, and be done again; and the instance that is paused has such offsets on their way, which a
broker must not take from a zombie. The seed chooses which instances, which coordinator, and when exactly. The brokers
of an existing cluster are left alone, and the report says that their loss was not shown. `--faults none` breaks
nothing, and some faults alone, spread over the run, are said in words:

```sh
streamproof verify --faults kill-in-flight@instance:1,pause-broker@broker:leader
```

`--faults random` is for what nobody thought of: an instance is killed inside its cycle, and then two to five faults of
other kinds come at moments, and on targets, that the seed chooses; some begin while the fault before lasts. With
`--seeds 20` there are twenty such plans, and each can be had again by its seed. `grow-topic`, `pause-beyond-poll`
and `pause-beyond-transaction` are left out: they wait for time-outs of the client, which may be minutes.

Each run saves its plan as `plan.json` in its directory. With two instances and one database, seed 1 makes this plan:

```json
{plan}
```
Such a file, as it was saved or written by hand, is a plan again:

```sh
streamproof verify --faults plan.json
```
- `kind` and `target`: as in the table above. `kill-in-flight` is `kill` with `"in_flight": true`.
- When, by one of these keys:
  - `at`: a mark of progress, from 0 to 1: the fault begins when the group has committed past this share of the
    workload. Faults with a mark take turns: each waits until the group has recovered from the fault before it.
  - `elapsed_s`: so many seconds after the subject was ready, from when its input flows.
  - `during`: the `name` of another fault, while that is in effect; `after`: of another fault, once that is mended. With
    `after_ms`, so many milliseconds later. Such faults do not wait for their turn, so they overlap with others, though
    never in one target: a fault whose target is in the hands of another is not done.
- `in_flight`: true where the instance must be *inside* its cycle, "if-seen" where the fault goes ahead if it is never
  seen there. `looks`: how often the instance is looked at, at most.
- `moment`: a request of the instance, or the answer to it, at which the fault begins: `EndTxn/request`,
  `TxnOffsetCommit/response`, `EndTxn-abort/request`. With `"nth": 3` it is the third from then on. The instance is the
  target; where the target is a broker or a database, `of_instance` must say which. `instance:all` has no moment. The
  [proxy](clusters.md#the-proxy) holds it back until the fault has begun: a request has not reached its broker by then;
  what an answer answers is done, and the client does not know. An instance that is killed there dies exactly so; what
  it was paused with goes on when it wakes. A moment that does not come within 15 s is told. With `stage`, the instance
  is brought there first: to its `start-up` (it is asked to stop, and started again), to a `rebalance` (another instance
  is), or to its `shutdown` (it is asked to stop). With `"if_seen": true` the fault goes ahead without it, if it
  never comes. Needs the proxy.
- `name`: by which other faults refer to this fault.
- `lasts_ms`: milliseconds from breaking to mending, at least, unless the action counts it from something else, as it
  says; 500 where it is left out. Other parameters of an action stand beside it.
- `seed`: makes the workload, unless `--seed` is given. It may be left out.

Two faults that overlap: an instance dies inside its cycle, and while it is away the leader is paused.

```json
{overlapping}
```
In Python the same is
```python
from streamproof.faults import BrokerRole, During, Fault, InFlight, Instance, Kill, PauseBroker, Plan, Progress

plan = Plan(
    (
        Fault(Kill(lasts_ms=3000), Instance(1), InFlight(Progress(0.3)), name="instance away"),
        Fault(PauseBroker(lasts_ms=1000), BrokerRole.LEADER, During("instance away", after_ms=200)),
    )
)
```
for `session.verify(spec, plan)` or, in a test, `run.carry_out(plan)`. `plan.save(path)` writes it for `--faults`, and
`Plan.read(path)` reads it. `carry_out` returns what was seen of each fault, in the plan's order: `effective` and
`sentence`, which `history.rows("fault")` has too. One fault in a test is
`run.inject(Fault(Kill(), Instance(1), Progress(0.3)))`, or `Fault.of("kill", "instance:1", at=0.3)`.

An instance that dies or sleeps is missed only when its session runs out, and until then its group may stand still: 45 s
unless the client is told otherwise (`session.timeout.ms`; with `group.protocol=consumer`, the broker's
`group.consumer.session.timeout.ms`). With 6 s, a run is over in half a minute.

An instance dies when its broker has committed its second transaction, and it has not heard so:

```json
{at_moment}
```
which is `Fault(Kill(), Instance(1), AtMoment(Progress(0.3), Moment("EndTxn", Side.RESPONSE, nth=2)))`.

A plan is checked before anything runs; what is wrong is told with the number of the fault in the file, from 1.
"""
TARGETS = """\
`broker:leader` leads partition 0 of the topic that the subject reads when the fault begins; `broker:group-coordinator`
coordinates its group then, and `broker:transaction-coordinator` one of its transactions (its group, where it has none).
`broker:controller` leads the quorum of controllers, and `broker:all` is each broker. `broker:asked` is the broker
that an instance asks, or is answered by, at the moment at which the fault begins.
A subject that is told what to send reads no topic and is in no group: its leader leads the topic that it sends on, and
what needs a group is refused ({of_group}). `instance:all` is each instance that was started.
"""


KINDS = (INSTANCE, INSTANCES, ALL_INSTANCES, NEW_INSTANCE, BROKER, ALL_BROKERS, INPUT, DATABASE)
OVERLAPPING = Plan(
    (
        Fault(Kill(lasts_ms=3000), Instance(1), InFlight(Progress(0.3)), name="instance away"),
        Fault(PauseBroker(lasts_ms=1000), BrokerRole.LEADER, During("instance away", after_ms=200)),
    )
)

AT_MOMENT = Plan((Fault(Kill(), Instance(1), AtMoment(Progress(0.3), Moment("EndTxn", Side.RESPONSE, nth=2))),))


def page() -> str:
    """The whole page, as Markdown."""
    default = Plan.default(1, Surroundings(2, ("orderHistory",), (1, 2, 3), "embedded", frozenset(Capability)))
    plans = PLANS.replace("{plan}", _shown(default)).replace("{overlapping}", _shown(OVERLAPPING))
    plans = plans.replace("{at_moment}", _shown(AT_MOMENT))
    by_target = sorted(ACTIONS.values(), key=lambda action: KINDS.index(action.target))
    actions = {action.kind: action for action in by_target}
    in_group = [kind for kind, action in actions.items() if Capability.CONSUMER_GROUP in action.requires]
    of_group = ", ".join(["`broker:group-coordinator`", *(f"[{kind}](#{kind})" for kind in in_group)])
    return "\n".join(
        [
            INTRODUCTION,
            "| fault | target | clusters |",
            "| --- | --- | --- |",
            *(f"| [{kind}](#{kind}) | {_written(action)} | {_clusters(action)} |" for kind, action in actions.items()),
            "",
            TARGETS.replace("{of_group}", of_group),
            plans,
            *(_section(action) for action in actions.values()),
        ]
    )


def _written(action: type[Action]) -> str:
    return ", ".join(f"`{form}`" for form in action.target.forms)


def _clusters(action: type[Action]) -> str:
    """Those whose capabilities are enough; any, where nothing of the cluster is required."""
    required = action.requires - {Capability.CONSUMER_GROUP, Capability.WIRE}
    able = [backend for backend, capabilities in OF_BACKEND.items() if required <= capabilities]
    return ", ".join(able) if required else "any"


def _shown(plan: Plan) -> str:
    """A plan as JSON, a line a fault."""
    faults = ",\n".join(f"    {json.dumps(keys_of(fault))}" for fault in plan.faults)
    seed = "" if plan.seed is None else f'  "seed": {plan.seed},\n'
    return f'{{\n{seed}  "faults": [\n{faults}\n  ]\n}}'


def _section(action: type[Action]) -> str:
    """A docstring's paragraphs, each as one line; the last two are told apart by how they begin."""
    paragraphs = [" ".join(text.split()) for text in (inspect.getdoc(action) or "").split("\n\n")]
    *text, evidence, without = paragraphs
    parameters = [
        f"- **Parameter** `{name}`: {field.description}; {field.default} where it is left out"
        for name, field in action.model_fields.items()
        if name != "lasts_ms"
    ]
    return "\n".join(
        [
            f"## {action.kind}",
            *(f"{paragraph}\n" for paragraph in text),
            f"- **Target** {action.target.name}: {_written(action)}",
            *parameters,
            f"- **Evidence** {evidence.removeprefix('Evidence: ')}",
            f"- **Without effect** {without.removeprefix('Without effect: ')}",
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())

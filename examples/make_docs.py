"""The page of the examples, made from what is expected of them: `python -m examples.make_docs`."""

from pathlib import Path

from examples.catalogue import Example, read_examples
from examples.runner import SEEDS
from streamproof.contract.asyncapi import read_contract
from streamproof.history.promise import promise_in_words

PAGE = Path("docs/examples.md")
INTRODUCTION = """\
# Examples
What well-known frameworks keep of what they promise. Each folder of [examples/](../examples) has a pipeline as the
framework's own documentation would have it, the `streamproof.toml` by which it is verified, a script `build` where
something has to be built, and a README that tells what was seen. All of them do the same, so that they can be compared:
each order event is passed on to another topic, under its key ([contract](../examples/orders.asyncapi.yaml)).

```sh
cd examples/kafkajs && ./build && streamproof verify --events 4000
```
runs one of them, and is a start for a pipeline of your own: copy the folder, and the contract beside it.

```sh
uv run python -m examples
```
builds and runs them all, on one cluster, and fails where a verdict is not that of this table. It needs what they are
built with: Node.js with npm, Go, a JDK with Maven. `--only NAME` picks some, `--json` tells a program.

Each runs as two instances, under the default plan of [faults](faults.md): an instance dies with its work in hand, a
coordinator is lost, an instance sleeps beyond its session with its work in hand, a leader is paused.
"""
KNOWN_BUGS = f"""\

## Known bugs
The same is done with bugs of clients that are known, by pipelines in
[examples/known-bugs](../examples/known-bugs): one source, run with a version that has the bug and, where there is one,
with a version in which it is mended. A `plan.json` beside the source brings the bug's moment about.

```sh
uv run python -m examples --known-bugs
```
builds each version (`build VERSION`) and runs it with {SEEDS} seeds. It fails where the bug shows with none of them, or
where a version that is mended is not upheld with all. [Bugs found in clients](bugs-found.md) tells where the clients'
maintainers speak of each.
"""


def page() -> str:
    """The whole page, as Markdown."""
    examples = read_examples()
    return "\n".join(
        [
            INTRODUCTION,
            _row("framework", "version", "promise", "verdict", "what was seen"),
            _row(*["---"] * 5),
            *(_example(example) for example in examples if not example.known_bug),
            KNOWN_BUGS,
            _row("client", "version", "promise", "verdict", "what was seen"),
            _row(*["---"] * 5),
            *(_example(example) for example in examples if example.known_bug),
            "",
        ]
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _example(example: Example) -> str:
    expected = example.expected
    subject = example.config.subject(example.subject)
    contract = read_contract(subject.contract, subject.operation)
    found = ", ".join(f"`{anomaly}`" for anomaly in sorted(expected.anomalies))
    hits = f" ({expected.hits} of {SEEDS} seeds)" if expected.hits else ""
    return _row(
        f"[{expected.framework}](../examples/{example.name}/README.md)",
        expected.version,
        promise_in_words(contract.delivery, ordered=contract.ordered),
        f"**{expected.verdict}**{f': {found}' if found else ''}{hits}",
        expected.seen,
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

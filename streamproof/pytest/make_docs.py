"""The page of Gherkin steps, made from their docstrings: `python -m streamproof.pytest.make_docs`."""

from pathlib import Path

from streamproof.pytest.vocabulary import StepDefinition, vocabulary

PAGE = Path("docs/gherkin.md")
INTRODUCTION = """\
# Gherkin steps
Streamproof is a pytest plugin: where it is installed, every feature file has these steps. A project declares its
subject in `streamproof.toml` ([reference](reference.md)). All scenarios share a cluster, so the names of topics, groups
and transactions end in `{run}`, which is new in each:

```toml
[subject.orders]
contract = "contracts/orders.asyncapi.yaml"
command = "java -jar forwarder.jar"

[subject.orders.env]
KAFKA_BOOTSTRAP_SERVERS = "{bootstrap_servers}"
INPUT_TOPIC = "orders{run}"
OUTPUT_TOPIC = "orders-processed{run}"
GROUP_ID = "order-processor{run}"
TRANSACTIONAL_ID = "order-processor{run}-{instance}"
```
A feature file tells what happens to the subject, and what it promises; here it is `features/orders.feature`:

```gherkin
Feature: Orders are forwarded
  Background:
    Given a cluster of 3 brokers
    And 2 instances of subject "orders"

  Scenario: An instance dies with work in its hands
    Given 2,000 orders
    When instance 1 is killed inside its cycle
    Then every record is processed exactly once
    And records with the same key keep their order
```
`pytest features` runs each scenario as a test. To run the scenarios with the project's other tests, a test module
binds them, here `tests/test_features.py`; the path is relative to the module:

```python
from pytest_bdd import scenarios

scenarios("../features")
```
Words of the project's own stand in a `conftest.py` above its features, and may call the plugin's steps. "2,000 orders"
is such a step:

```python
from pytest_bdd import given, parsers

from streamproof.pytest import steps
from streamproof.pytest.steps import Story


@given(parsers.re(r"(?P<count>[\\d,]+) orders"))
def orders(story: Story, count: str) -> None:
    steps.records(story, count)
```
The subject starts with the first `When`, or with the first `Then` where nothing is broken. The faults of a scenario
come in its order, each after another fifth of the input; a fault that takes no effect fails the scenario. The run is
finished and judged at the first `Then`. A step that does not exist fails with the steps that are nearest to it.

`streamproof steps` prints what follows, and with `--json` a list of the same. `{name}` stands for a value,
`(this|that)` for a choice, `(s)` for a plural. More is said of the faults in [faults](faults.md), of the promises in
[anomalies](anomalies.md), and of a schema's levels and reasons in [compat](compat.md).
"""


def page() -> str:
    """The whole page, as Markdown."""
    steps = vocabulary()
    keywords = dict.fromkeys(step.keyword for step in steps)
    return "\n".join([INTRODUCTION, *(_section(keyword, steps) for keyword in keywords)])


def _section(keyword: str, steps: list[StepDefinition]) -> str:
    return "\n".join([f"## {keyword}", *(_step(step) for step in steps if step.keyword == keyword)])


def _step(step: StepDefinition) -> str:
    title = "### " + " · ".join(f"`{wording}`" for wording in step.wordings)
    return "\n".join([title, f"{step.does}\n", f"```gherkin\n{step.example}\n```", ""])


if __name__ == "__main__":
    PAGE.write_text(page())

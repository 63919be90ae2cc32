"""The first files of a project: what is in them, and that they are written all or not at all."""

from pathlib import Path

import pytest

from streamproof.config.file import read_config
from streamproof.contract.asyncapi import read_contract
from streamproof.contract.flags import contract_from_flags
from streamproof.contract.model import Contract
from streamproof.errors import UsageError
from streamproof.starter.project import Project, write


def contract_of(identity: str = "header:event-id", promise: str = "at-least-once", *, ordered: bool = True) -> Contract:
    return contract_from_flags(
        input_topic="orders",
        output_topics=["orders-done", "bills"],
        group="movers",
        identity=identity,
        promise=promise,
        ordered=ordered,
    )


@pytest.mark.parametrize("promise", ["at-most-once", "at-least-once", "exactly-once"])
@pytest.mark.parametrize(("identity", "ordered"), [("header:event-id", True), ("json:/order/id", True), ("key", False)])
def test_the_contract_says_what_was_answered(tmp_path: Path, identity: str, promise: str, *, ordered: bool) -> None:
    """Read back, it is the contract that the flags of `verify` would make, but for where it stands."""
    asked = contract_of(identity, promise, ordered=ordered)
    write(Project("orders", "move", asked).files(), tmp_path)
    subject = read_config(tmp_path / "streamproof.toml").subject("orders")
    read = read_contract(subject.contract, subject.operation)
    for name in ("group", "delivery", "ordered", "isolation", "produces", "dead_letters"):
        assert getattr(read, name) == getattr(asked, name)
    assert (read.input.identity, read.input.channel.topic) == (asked.input.identity, "orders")


@pytest.mark.parametrize(
    ("command", "filled"),
    [
        (
            "python move.py localhost:9092 movers orders orders-done bills",
            "python move.py {bootstrap_servers} movers{run} orders{run} orders-done{run} bills{run}",
        ),
        (
            "java -jar orders.jar --from=orders --to=orders-done,bills --group movers",
            "java -jar orders.jar --from=orders{run} --to=orders-done{run},bills{run} --group movers{run}",
        ),
        ("python -m orders ./orders/run orders", "python -m orders ./orders/run orders{run}"),
        ("move {bootstrap_servers} orders{run}", "move {bootstrap_servers} orders{run}"),
    ],
)
def test_names_in_the_command_become_those_of_each_run(command: str, filled: str) -> None:
    """Where they stand alone; a module, a path and a longer name that begin so are something else."""
    assert Project("orders", command, contract_of()).filled(command) == filled


def test_what_the_command_does_not_name_is_given_in_its_environment() -> None:
    """By the usual names, which the user is told to adapt."""
    named = Project("orders", "move orders", contract_of(), env={"TO": "orders-done", "SERVERS": "localhost:9092"})
    assert named.assumed == {"OUTPUT_TOPIC_2": "bills{run}", "GROUP_ID": "movers{run}"}
    (toml,) = [text for path, text in named.files().items() if path.name == "streamproof.toml"]
    assert 'TO = "orders-done{run}"\nSERVERS = "{bootstrap_servers}"\n' in toml
    assert 'OUTPUT_TOPIC_2 = "bills{run}"\nGROUP_ID = "movers{run}"\n' in toml
    assert next(iter(Project("orders", "move", contract_of()).assumed)) == "KAFKA_BOOTSTRAP_SERVERS"


def test_a_file_that_is_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """Neither the files before it nor their directories."""
    workflow = tmp_path / ".github" / "workflows" / "streamproof.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine")
    with pytest.raises(UsageError, match=r"streamproof\.yml is there already, so nothing was written"):
        write(Project("orders", "move", contract_of()).files(), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [workflow]
    assert workflow.read_text() == "mine"


def test_what_was_written_before_a_failure_is_gone_again(tmp_path: Path) -> None:
    """Half a project would be in the way of the next attempt."""
    (tmp_path / "features").write_text("a file where a directory should be")
    with pytest.raises(UsageError, match="features cannot be made"):
        write(Project("orders", "move", contract_of()).files(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


@pytest.mark.parametrize("name", ["", "my orders", "../orders", "1st", "a.b"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    """A test and a table of TOML are called by it too."""
    with pytest.raises(UsageError, match="cannot be called"):
        Project(name, "move", contract_of())

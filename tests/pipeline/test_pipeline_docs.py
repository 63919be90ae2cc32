"""The page of the pipeline says what its settings are, and names what is there."""

import re
from operator import attrgetter
from pathlib import Path

import pytest

from pipeline import consumer, forwarder, group_member, outbox, producer, projector, settings, transactions, workers
from pipeline.__main__ import MEMBERS
from pipeline.make_docs import PAGE, becomes, page
from pipeline.settings import GroupSettings, ProducerSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / PAGE).read_text()
MODULES = (consumer, forwarder, group_member, outbox, producer, projector, settings, transactions, workers)


def test_the_tables_are_those_of_the_settings() -> None:
    """docs/pipeline.md is made by `python -m pipeline.make_docs`, and has a table of each member."""
    assert page(TEXT) == TEXT
    assert set(MEMBERS) <= set(re.findall(r"<!-- settings: (\w+) -->", TEXT))


def test_a_shared_setting_says_which_members_have_it() -> None:
    """By their settings: what is written in a registry's format, and who is in a group."""
    told = dict(re.findall(r"<!-- settings: (\w+) -->\nOf (.*)\.\n", TEXT))
    assert told == {
        "ValueSettings": "`produce`, `api`, `forward`",
        "GroupSettings": "`forward`, `copy`, `project`, `redrive`, `consume`",
        "TransactionalSettings": "`forward`, `copy`",
    }


def test_an_option_is_named_with_the_setting_that_changes_it() -> None:
    """With all that changes beside it; what changes nothing of the client becomes nothing."""
    assert becomes(GroupSettings, "session_timeout_ms") == ["session.timeout.ms"]
    assert becomes(ProducerSettings, "enable_idempotence") == [
        "enable.idempotence", "max.in.flight.requests.per.connection",
    ]  # fmt: skip
    assert becomes(GroupSettings, "stop_ms") == []


@pytest.mark.parametrize("name", re.findall(r"^\| `([A-Z]\w+\.\w+)`", TEXT, re.MULTILINE))
def test_what_prevents_a_loss_is_there(name: str) -> None:
    """A class and its method, of some module of the pipeline."""
    owner = name.partition(".")[0]
    assert any(attrgetter(name)(module) for module in MODULES if hasattr(module, owner))


def test_what_is_to_be_lifted_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of a forwarder in a project of its own makes a forwarder."""
    made: list[object] = []

    def run(member: object) -> None:
        made.append(member)

    monkeypatch.setattr(forwarder.Forwarder, "run", run)
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - our own page
    main = names["main"]
    assert callable(main)
    main()
    assert [type(member) for member in made] == [forwarder.Forwarder]

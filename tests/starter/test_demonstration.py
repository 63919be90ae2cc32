"""The project of the demo: a pipeline, and its mend."""

import tomllib
from pathlib import Path

from streamproof.config.file import read_config
from streamproof.contract.asyncapi import read_contract
from streamproof.starter.demonstration import mend, project
from streamproof.starter.project import write


def test_the_mend_takes_the_clock_away_and_commits_what_was_sent() -> None:
    """And changes nothing else."""
    changed = [line for line in mend() if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert any(line.startswith("-") and '"enable.auto.commit": True' in line for line in changed)
    assert any(line.startswith("+") and "consumer.commit(asynchronous=False)" in line for line in changed)
    assert len(changed) == 6


def test_both_programs_keep_one_contract(tmp_path: Path) -> None:
    """Its files can be read, and both subjects take fresh names for each run."""
    write(project(), tmp_path)
    config = read_config(tmp_path / "streamproof.toml")
    for name in ("forwarder", "mended"):
        subject = config.subject(name)
        assert subject.renames
        assert subject.arguments({})[1] == f"{name}.py"
        assert read_contract(subject.contract).group == "forwarders"
    assert tomllib.loads((tmp_path / "streamproof.toml").read_text())["cluster"]["brokers"] == 1

"""What runs leave among Allure's results."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from streamproof.report.results import write_environment


def run_of(seed: int) -> Any:
    cluster = SimpleNamespace(version="4.3.1", backend="embedded", brokers=(1, 2, 3))
    return SimpleNamespace(cluster=cluster, spec=SimpleNamespace(seed=seed))


def test_the_environment_has_the_seeds_of_all_workers(tmp_path: Path) -> None:
    """Each writes it anew, and knows only of its own runs; what is there for all of them stands there once."""
    for seed in (7, 5, 12, 5):
        write_environment(tmp_path, run_of(seed))
    lines = (tmp_path / "environment.properties").read_text().splitlines()
    assert [line for line in lines if line.startswith("Seeds")] == ["Seeds = 5, 7, 12"]
    assert lines.count("Brokers = 3") == 1

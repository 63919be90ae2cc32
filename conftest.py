"""The reference pipeline's own step definitions; everything else comes with the installed plugin.

And pytest's own way of testing plugins, which only a conftest at the root may ask for.
"""

import os
from pathlib import Path

import psutil
import pytest

pytest_plugins = ["steps.forwarder", "pytester"]

# an environment variable: processes of tests use Hypothesis too
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(__file__).parent / ".streamproof" / "hypothesis")

APART = ("docker", "browser", "versions")  # markers of what not every machine has; .ci/run runs it as a step of its own
WORKERS_PER_CORE = 1.5  # most tests wait, and the brokers of each worker take a tenth of a core while they do
BYTES_PER_WORKER = 2_000_000_000  # its cluster and a subject


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many as cores and memory allow for all tests; tests that are named run in this process, unless -n is given."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    cores = os.cpu_count() or 1
    return max(1, min(int(cores * WORKERS_PER_CORE), psutil.virtual_memory().total // BYTES_PER_WORKER))


def pytest_configure(config: pytest.Config) -> None:
    """Of all tests, those that need more than Python are left out, unless -m is given."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.markexpr:
        config.option.markexpr = f"not ({' or '.join(APART)})"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for Docker's client, or for a browser, needs it."""
    for item in items:
        for marker in {*APART} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(marker)

"""What tests of clusters share: a run to own what they start, and each kind of cluster that is started."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from streamproof.cluster import OwnedCluster, start_embedded
from streamproof.guardian import Guardian


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    with Guardian() as guardian:
        yield guardian


@pytest.fixture(params=["embedded", pytest.param("testcontainers", marks=pytest.mark.docker)])
def start(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[OwnedCluster[Any]]]:
    """Starts a cluster; a test runs once with each kind."""
    if request.param == "embedded":
        return start_embedded
    request.getfixturevalue("docker")
    from streamproof.cluster.containers import start_containers  # noqa: PLC0415 - only where Docker is

    return start_containers

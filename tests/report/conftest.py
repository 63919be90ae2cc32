"""Programs that only the HTML report needs."""

import os
import shutil
from collections.abc import Callable

import pytest

Need = Callable[[str], str]


@pytest.fixture(scope="session")
def need() -> Need:
    """The path of a program. Without it the test is skipped; on CI, where all must be there, it fails."""

    def found(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed")
        return path

    return found

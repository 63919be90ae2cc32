"""Programs that only the HTML reports need."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

Need = Callable[[str], str]
# no sandbox: as root there is none; the rest keeps it from calling home
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def need() -> Need:
    """The path of a program. Without it the test is skipped; on CI, where all must be there, it fails."""

    def found(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed")
        return path

    return found


@pytest.fixture(scope="module")
def browser(need: Need) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=need("chromium"), args=FLAGS)
        yield launched
        launched.close()

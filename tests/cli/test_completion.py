"""`streamproof completion`: the script, and the answers that it gets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.calling import Call

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell_asks_the_command(call: Call, shell: str) -> None:
    """By a variable that the command heeds."""
    called = call("completion", shell)
    assert (called.status, called.err) == (0, "")
    assert f"_STREAMPROOF_COMPLETE=complete_{shell}" in called.out


def test_a_shell_that_there_is_no_script_for_is_told(call: Call) -> None:
    """With those that there are."""
    called = call("completion", "tcsh")
    assert called.status == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in called.err


@pytest.mark.parametrize(("words", "found"), [("streamproof ver", "verify"), ("streamproof verify --juni", "--junit")])
def test_what_may_follow_is_answered(words: str, found: str) -> None:
    """Commands and flags, as bash asks for them."""
    asked = {"_STREAMPROOF_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run([STREAMPROOF], env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [found]

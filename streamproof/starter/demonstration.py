"""The project of `streamproof demo`: a pipeline with the usual error, and the same pipeline mended."""

import difflib
import shlex
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

BEFORE, AFTER = "forwarder", "mended"  # subjects, and their programs
WHY = (
    "The forwarder commits by the clock (enable.auto.commit), also past what it has read and not yet sent. What it "
    "holds when it is killed is passed over for ever: nobody reads it again."
)
_FILES = ("streamproof.toml", "orders.asyncapi.yaml", f"{BEFORE}.py", f"{AFTER}.py")


def project() -> Mapping[Path, str]:
    """The text of each file, by its name. Its commands run with our own Python, whose packages they need."""
    texts = {name: files("streamproof.starter").joinpath("demo", name).read_text(encoding="utf-8") for name in _FILES}
    python = shlex.quote(sys.executable).replace("\\", "\\\\").replace('"', '\\"')
    texts["streamproof.toml"] = texts["streamproof.toml"].replace("PYTHON", python)
    return {Path(name): text for name, text in texts.items()}


def mend() -> list[str]:
    """What the mended program does otherwise, as the lines of a diff."""
    before, after = (project()[Path(f"{name}.py")].splitlines() for name in (BEFORE, AFTER))
    return list(difflib.unified_diff(before, after, f"{BEFORE}.py", f"{AFTER}.py", lineterm="", n=2))

"""Functions of the user's that a contract names, `FILE.py:NAME`: in a file beside it, which is run to have them."""

import importlib.util
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from streamproof.contract.model import Oracle
from streamproof.contract.source_document import Node

ORACLE = "a function, FILE.py:NAME, in a file beside the contract"


def load_oracle(node: Node) -> Oracle:
    """The function that `node` names; ContractError where there is none, or its file cannot be run."""
    file, _, name = node.text(ORACLE).rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise node.wrong(ORACLE)
    path = node.file.parent / file
    if not path.is_file():
        raise node.error(f"{node.path}: {path} is not there; expected {ORACLE}")
    try:
        module = _run(path)
    except Exception as error:
        raise node.error(f"{node.path}: {path} cannot be run: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise node.error(f"{node.path}: {path} has no function {name}")
    oracle: Oracle = found
    return oracle


def _run(path: Path) -> Any:
    # two contracts may have files of the same name
    name = f"oracle_{blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for the types that they name
    spec.loader.exec_module(module)
    return module

"""Versions of a schema in files: a directory is a history, its files in the order of the numbers in their names."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from streamproof.compat.history import Version
from streamproof.errors import SchemaError, UsageError, unreadable

SUFFIX = ".avsc"
OTHERS = ("*.proto", "*.json")
_PROTOBUF = re.compile(r'^\s*(syntax\s*=\s*"proto\d"|message\s+\w+\s*\{)', re.MULTILINE)


def read_history(directory: Path) -> list[Version]:
    """All versions in a directory, the oldest first; UsageError where there is none."""
    paths = sorted(directory.glob(f"*{SUFFIX}"), key=_by_number)
    if not paths:
        for other in (path for pattern in OTHERS for path in sorted(directory.glob(pattern))):
            read_text(other)  # says what it is
        raise UsageError(f"{directory} has no {SUFFIX} files; a history is v1{SUFFIX}, v2{SUFFIX}, …")
    return read_versions(paths)


def read_versions(paths: Sequence[Path]) -> list[Version]:
    """The versions in files, each by its file's name, or where two have the same, by its path."""
    distinct = len({path.stem for path in paths}) == len(paths)
    return [Version(path.stem if distinct else str(path), read_text(path), str(path)) for path in paths]


def read_text(path: Path) -> str:
    """A schema's text; SchemaError when it cannot be read, UsageError when it is a schema of another kind than Avro."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path} cannot be read ({unreadable(error)}); check the path") from error
    if path.suffix == ".proto" or _PROTOBUF.search(text):
        raise UsageError(f"{path} is a Protobuf schema; compat knows Avro so far")
    if _is_json_schema(text):
        raise UsageError(f"{path} is a JSON Schema; compat knows Avro so far")
    return text


def _is_json_schema(text: str) -> bool:
    """Whether it says so, or has a type that Avro lacks."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and ("$schema" in found or found.get("type") == "object")


def _by_number(path: Path) -> list[tuple[int, str]]:
    """v10 after v9: each run of digits compares as the number it is."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.stem)]

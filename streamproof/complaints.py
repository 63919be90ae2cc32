"""What is wrong with a file that a user has written, in words: pydantic finds it, a field's description ends it."""

import textwrap
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from streamproof.errors import did_you_mean

LONGEST = 60  # letters of a text that is shown


def complaint(error: ErrorDetails, model: type[BaseModel], name: str, *, hidden: tuple[str, ...] = ()) -> str:
    """The end of a sentence about the field `name` of `model`. `hidden`: fields that a file cannot have."""
    if error["type"] == "extra_forbidden":
        known = [field.alias or key for key, field in model.model_fields.items() if key not in hidden]
        return f" is not known{did_you_mean(name, known)}"
    if error["type"] == "value_error":
        return f": {error['ctx']['error']}"
    field = next((known for key, known in model.model_fields.items() if (known.alias or key) == name), None)
    expected = field.description if field and field.description else "a text, in quotes"
    if error["type"] == "missing":
        return f" is missing: expected {expected}"
    return f": expected {expected}, found {shown(error['input'])}"


def shown(value: Any) -> str:
    """A value as a file holds it, or what kind of thing it is."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{textwrap.shorten(value, LONGEST)}"' if isinstance(value, str) else str(value)

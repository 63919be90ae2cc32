"""A witness as a sentence, by what its check's header says.

`witness:` is a sentence with columns of the query in braces, `{t:clock}` for a time. Of several sentences, with `|`
between them, the first counts of which this witness has all columns.
"""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from streamproof.clock import time_of_day
from streamproof.errors import UsageError

Row = Mapping[str, Any]


class _Sentence(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return time_of_day(value) if format_spec == "clock" else str(super().format_field(value, format_spec))


def sentence(row: Row, says: str, what: str) -> str:
    """UsageError, naming `what`, for a sentence with a column that the witness does not have."""
    for text in (part.strip() for part in says.split("|")):
        names = [name for _, name, _, _ in _Sentence().parse(text) if name]
        if missing := [name for name in names if name not in row]:
            raise UsageError(f"{what}: its header's witness has {{{missing[0]}}}, which is no column of the query")
        if all(row[name] is not None for name in names):
            return _Sentence().vformat(text, (), row) if text else in_columns(row)
    return in_columns(row)


def in_columns(row: Row) -> str:
    """The place, and all other columns by their names."""
    place = f"{row['topic']}[{row['part']}]@{row['off']}" if row.get("off") is not None and "topic" in row else ""
    rest = " · ".join(
        f"{name} {value}" for name, value in row.items() if name not in ("topic", "part", "off") and value is not None
    )
    return f"{place}  {rest}".strip()

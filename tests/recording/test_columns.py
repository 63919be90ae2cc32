"""Rows on their way to the history: whole, or refused."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamproof.history.store import HistoryWriter
from streamproof.recording.columns import Columns
from tests.recording.test_observers import RECORD


def test_columns_take_rows_of_every_column(tmp_path: Path) -> None:
    """Lists and single values together; a column that is missing or too short is an error, not a shifted table."""
    writer = HistoryWriter(tmp_path)
    columns = Columns(writer, "ends")
    columns.extend(2, topic="t", part=range(2), begin=0, lso=[5, 6], hw=[7, 8])
    columns.flush()
    columns.extend(1, topic="t", part=2, begin=0, lso=0, hw=0)
    columns.flush()
    with pytest.raises(ValueError, match="ends has the columns"):
        columns.extend(1, topic="t")
    with pytest.raises(ValueError, match=r"ends\.hw: 1 values for 2 rows"):
        columns.extend(2, topic="t", part=0, begin=0, lso=0, hw=[1])
    rows = pq.read_table(writer.close(RECORD).tables["ends"]).to_pylist()
    assert [(row["part"], row["hw"]) for row in rows] == [(0, 7), (1, 8), (2, 0)]

"""Which fault each witness lay at, where not all can be asked."""

from collections.abc import Sequence

import pytest

from streamproof.checks.blame import MARKS, each_at
from streamproof.checks.messages import Row


def rows(names: Sequence[str | None], part: int = 0) -> list[Row]:
    return [{"topic": "t", "part": part, "off": number, "name": name} for number, name in enumerate(names)]


@pytest.mark.parametrize(
    "names",
    [
        ["kill"],
        ["kill", "stop"],
        ["kill"] * 60 + ["stop"] * 20,
        [None] * 500 + ["kill"] * 1000 + [None] + ["stop"] * 499,
        ["kill", "stop"] * (MARKS // 2),
    ],
)
def test_each_witness_gets_the_fault_that_it_lay_at(names: list[str | None]) -> None:
    """Also the last of many, and where there are few of a fault; a small part of many is asked."""
    asked = list[int]()

    def name_of(row: Row) -> str | None:
        asked.append(row["off"])
        name: str | None = row["name"]
        return name

    found = list(each_at(rows(names), name_of))
    assert found == names
    assert len(asked) == len(set(asked)) <= MARKS + 50


def test_partitions_are_asked_apart() -> None:
    """What lies between two witnesses of a partition says nothing of another."""
    both = [*rows(["kill"] * 3), *rows(["stop"], 1), *rows(["kill"] * 3, 2)]
    assert list(each_at(both, lambda row: row["name"])) == ["kill"] * 3 + ["stop"] + ["kill"] * 3

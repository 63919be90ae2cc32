"""Numbers and lists in sentences."""

import pytest

from streamproof.words import either, ordinal


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
     (111, "111th"), (122, "122nd")],
)  # fmt: skip
def test_a_place_in_a_row_has_its_ending(number: int, word: str) -> None:
    """Those from eleven to thirteen have one of their own, in each hundred."""
    assert ordinal(number) == word


@pytest.mark.parametrize(("words", "said"), [(["a"], "a"), (["a", "b"], "a or b"), (("a", "b", "c"), "a, b or c")])
def test_a_choice_is_said_as_people_do(words: list[str], said: str) -> None:
    """With a single `or`, before the last."""
    assert either(words) == said

"""Effects whose ids are those of inputs, or of none: what is told of an identity that lies elsewhere."""

import pytest

from streamproof.recording.origins import Origins
from streamproof.serde.locators import Locator

HEADER = Locator.parse("header:event-id")
INPUTS = {"a", "b"}


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([None, None, None], "none of the 3 effects on out has at header:event-id an id; say where"),
        (["x", None, "y"], 'has at header:event-id the id of an input: there lies "x", for example; say where'),
        (["x", "a", "y"], None),
        (["x", "y"], None),
    ],
)
def test_effects_of_no_input_are_a_mistaken_identity(ids: list[str | None], sentence: str | None) -> None:
    """If there are enough of them, and not one is an input's: a single one shows that the identity is right."""
    origins = Origins("out", HEADER)
    for name in ids:
        origins.add([name], INPUTS)
    mistake = origins.mistake(3)
    assert mistake is None if sentence is None else mistake is not None and sentence in mistake

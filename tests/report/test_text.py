"""A verdict in words: what data holds is data, and what is not judged is said."""

from pathlib import Path

from rich.text import Text

from streamproof.checks import judge
from streamproof.report.text import explain
from tests.checks.histories import clean


def test_brackets_in_data_are_words_of_it(tmp_path: Path) -> None:
    """An id or a directory may look like a style's mark: it is shown as it is, and breaks nothing."""
    scene = clean()
    for _ in range(10):
        scene.effect("[/b]a[red]")
    history = scene.write(tmp_path / "runs[/b]" / "history")
    history.record = history.record.model_copy(update={"again": "verify [/b]"})
    markup = explain(judge(history, threads=1), history, witnesses=Path("runs[/b]/witnesses"))
    text = Text.from_markup(markup).plain
    assert "(alpha) is of [/b]a[red], which is no input" in text
    assert "the effect at alpha[0]@" in text
    assert "… 7 more in runs[/b]/witnesses/phantom.parquet" in text
    assert "runs[/b]/history" in text
    assert "Again   verify [/b]" in text

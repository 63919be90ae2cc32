"""Pinning a version for maintainers: what is there already is lost by no failure."""

from pathlib import Path

import pytest

from streamproof.cluster import pin
from streamproof.errors import ClusterError

VERSION = "9.9.9"
JARS = {"org.example:tool:1.0": (3, "0" * 64)}


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of pins, for a version whose jars are known and whose broker does not start."""

    def broken(*_: object, **__: object) -> None:
        assert (tmp_path / f"kafka-{VERSION}.toml").exists()  # what the broker would be started from
        raise ClusterError("it does not start")

    monkeypatch.setattr(pin, "PINS", tmp_path)
    monkeypatch.setattr(pin, "pins_of", lambda *_: JARS)
    monkeypatch.setattr(pin, "start_embedded", broken)
    return tmp_path


@pytest.mark.parametrize("before", [None, "good pins\n"])
def test_a_version_that_does_not_start_changes_no_pins(
    pins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], before: str | None
) -> None:
    """The pins that were there stay, no half of new pins is left; the reason is one sentence."""
    path = pins / f"kafka-{VERSION}.toml"
    if before:
        path.write_text(before)
    monkeypatch.setattr("sys.argv", ["pin", VERSION])
    assert pin.main() == 2
    assert capsys.readouterr().err == f"pin: Apache Kafka {VERSION} cannot be pinned: it does not start\n"
    assert (path.read_text() if path.exists() else None) == before


def test_what_is_no_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is fetched."""
    monkeypatch.setattr("sys.argv", ["pin", "latest"])
    with pytest.raises(SystemExit, match="2"):
        pin.main()
    assert '"latest" is no version; write a version such as 4.2.1' in capsys.readouterr().err

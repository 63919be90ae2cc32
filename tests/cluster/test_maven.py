"""What is said where jars cannot be had."""

from pathlib import Path

import pytest

from streamproof.cluster.maven import MAVEN_URL, fetch
from streamproof.errors import ArtifactError


@pytest.mark.parametrize(
    ("mirror", "sentence"),
    [
        (
            "http://127.0.0.1:1/m",
            r"^lib-1\.jar cannot be downloaded from http://127.0.0.1:1/m \(Connection refused\); the",
        ),
        ("elsewhere", r"^STREAMPROOF_MAVEN_URL=elsewhere is no URL; name a mirror such as https://"),
    ],
)
def test_a_jar_that_cannot_be_had_is_told_with_from_where_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str, sentence: str
) -> None:
    """In the operating system's words, not in those of three libraries."""
    monkeypatch.setenv(MAVEN_URL, mirror)
    with pytest.raises(ArtifactError, match=sentence):
        fetch("org.example:lib:1", tmp_path, lambda _size: None)

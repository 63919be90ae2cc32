"""Maven Central as tests of downloads need it."""

from collections.abc import Callable
from pathlib import Path

from streamproof.errors import ArtifactError


class Mirror:
    """Stands in for Maven Central: hands out `content` in chunks, counts how often, fails when it is `None`."""

    def __init__(self, content: bytes) -> None:
        self.content: bytes | None = content
        self.fetched = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def fetch(self, coordinates: str, directory: Path, received: Callable[[int], None]) -> Path:
        self.fetched += 1
        if self.content is None:
            raise ArtifactError(f"{coordinates} cannot be downloaded")
        for start in range(0, len(self.content), 700_000):
            received(len(self.content[start : start + 700_000]))
        path = directory / coordinates.replace(":", "-")
        path.write_bytes(self.content)
        self.meanwhile()
        return path

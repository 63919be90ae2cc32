"""For maintainers: `python -m streamproof.cluster.pin VERSION` writes the pins of a version of Apache Kafka.

Resolves the broker's jars from Maven Central, hashes them, starts a broker from them and notes what it finalizes.
"""

import argparse
import hashlib
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from streamproof.cluster.artifacts import PINS
from streamproof.cluster.embedded import start_embedded
from streamproof.cluster.maven import context
from streamproof.errors import StreamproofError
from streamproof.guardian import Guardian

# Kafka brings no binding; resolved apart, for in a single call jgo lets the binding choose Kafka's libraries.
BINDINGS = {"log4j2": "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4", "reload4j": "org.slf4j:slf4j-reload4j:1.7.36"}


def resolve(maven: MavenContext, root: str) -> dict[tuple[str, str], Artifact]:
    dependency = maven.create_dependency(root)
    _, nodes = maven.resolver.get_dependency_list([dependency])
    artifacts = [dependency.artifact, *(node.dep.artifact for node in nodes if node.dep.scope != "test")]
    return {(artifact.groupId, artifact.artifactId): artifact for artifact in artifacts}


def document(version: str, logging: str, pins: Mapping[str, tuple[int, str]], features: Mapping[str, int]) -> str:
    lines = [f'version = "{version}"', f'logging = "{logging}"', "", "[features]"]
    lines += [f'"{name}" = {level}' for name, level in sorted(features.items())]
    lines += ["", "[jars]"]
    lines += [f'"{name}" = {{ size = {size}, sha256 = "{digest}" }}' for name, (size, digest) in sorted(pins.items())]
    return "\n".join(lines) + "\n"


def pins_of(version: str, logging: str) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each jar of the broker, by its coordinates."""
    with tempfile.TemporaryDirectory() as directory:
        maven = context(Path(directory))
        kafka = resolve(maven, f"org.apache.kafka:kafka_2.13:{version}")
        binding = resolve(maven, BINDINGS[logging])
        pins = {}
        for artifact in (binding | kafka).values():
            content = Path(artifact.resolve()).read_bytes()
            name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            pins[name] = (len(content), hashlib.sha256(content).hexdigest())
    return pins


def pin(version: str) -> Path:
    """Write the version's pins; when that fails, the former pins are restored."""
    logging = "reload4j" if version.startswith("3.") else "log4j2"
    path = PINS / f"kafka-{version}.toml"
    before = path.read_bytes() if path.exists() else None
    pins = pins_of(version, logging)
    path.write_text(document(version, logging, pins, {}))
    try:
        with (
            Guardian() as guardian,
            start_embedded(guardian, brokers=1, version=version, logs=guardian.directory) as cluster,
        ):
            features = cluster.features()
    except BaseException:
        path.unlink() if before is None else path.write_bytes(before)
        raise
    path.write_text(document(version, logging, pins, features))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m streamproof.cluster.pin", description=__doc__)
    parser.add_argument(
        "version", metavar="VERSION", help="such as 4.2.1; half a minute, and 120 MB from Maven Central"
    )
    version = parser.parse_args().version
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        parser.error(f'"{version}" is no version; write a version such as 4.2.1')
    try:
        path = pin(version)
    except (StreamproofError, OSError, RuntimeError) as error:  # the last are Maven's
        print(f"pin: Apache Kafka {version} cannot be pinned: {error}", file=sys.stderr)
        return 2
    print(f"Wrote {path}. Name {version} in README.md (tests/test_docs.py reads it), and try it:")
    print(f"  uv run streamproof verify --kafka-version {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

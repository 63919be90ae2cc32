"""For maintainers: `python -m streamproof.cluster.pin VERSION` writes the pins of one version of Apache Kafka.

Resolves the broker's jars from Maven Central, hashes them, starts one broker from them and notes what it finalizes.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from streamproof.cluster.artifacts import PINS
from streamproof.cluster.embedded import start_embedded
from streamproof.cluster.maven import context
from streamproof.guardian import Guardian

# Kafka brings no binding; resolved apart, for in one call jgo lets the binding choose Kafka's libraries.
BINDINGS = {
    "log4j2": "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
    "reload4j": "org.slf4j:slf4j-reload4j:1.7.36",
}


def resolve(maven: MavenContext, root: str) -> dict[tuple[str, str], Artifact]:
    dependency = maven.create_dependency(root)
    _, nodes = maven.resolver.get_dependency_list([dependency])
    artifacts = [dependency.artifact, *(node.dep.artifact for node in nodes if node.dep.scope != "test")]
    return {(artifact.groupId, artifact.artifactId): artifact for artifact in artifacts}


def document(version: str, logging: str, pins: dict[str, tuple[int, str]], features: dict[str, int]) -> str:
    lines = [f'version = "{version}"', f'logging = "{logging}"', "", "[features]"]
    lines += [f'"{name}" = {level}' for name, level in sorted(features.items())]
    lines += ["", "[jars]"]
    lines += [f'"{name}" = {{ size = {size}, sha256 = "{digest}" }}' for name, (size, digest) in sorted(pins.items())]
    return "\n".join(lines) + "\n"


def main(version: str) -> None:
    logging = "reload4j" if version.startswith("3.") else "log4j2"
    with tempfile.TemporaryDirectory() as directory:
        maven = context(Path(directory))
        kafka = resolve(maven, f"org.apache.kafka:kafka_2.13:{version}")
        binding = resolve(maven, BINDINGS[logging])
        pins = {}
        for artifact in (binding | kafka).values():
            content = Path(artifact.resolve()).read_bytes()
            name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            pins[name] = (len(content), hashlib.sha256(content).hexdigest())
    path = PINS / f"kafka-{version}.toml"
    path.write_text(document(version, logging, pins, {}))
    with Guardian() as guardian:
        cluster = start_embedded(guardian, brokers=1, version=version, logs=guardian.directory)
        features = dict(cluster.features())
        cluster.close()
    path.write_text(document(version, logging, pins, features))


if __name__ == "__main__":
    main(sys.argv[1])

"""A secured listener for subjects: what the brokers are told of it, and what a subject needs to come in by it.

The verifier has a listener of its own, on loopback, and may do everything there. A subject that says who it is, by a
certificate or a password, may do only what its contract names.
"""

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from streamproof.cluster.ports import HOST
from streamproof.errors import UsageError, did_you_mean

Mode = Literal["tls", "mtls", "scram"]
MODES: tuple[str, ...] = get_args(Mode)
USER = "subject"
MECHANISM = "SCRAM-SHA-256"
PLAIN: Mapping[str, str] = {
    "security_protocol": "PLAINTEXT", "ca_file": "", "certificate_file": "", "key_file": "", "kafka_username": "",
    "kafka_password": "",
}  # fmt: skip
LISTENER = "listener.name.subject."
ACCESS = {
    # nobody may do what was not granted; who comes by the other listeners, which are on loopback, has no name
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    # of a certificate's name, what a grant is for
    "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
}


@dataclass(frozen=True)
class BothEnds:
    """What a proxy needs to read what goes between them: to a subject it is a broker, to a broker the subject."""

    broker: ssl.SSLContext
    subject: ssl.SSLContext


@dataclass(frozen=True)
class Security:
    """`protocol`: of the subjects' listener. `values`: what a subject is told, by placeholder; some are secrets."""

    mode: Mode
    protocol: str
    settings: Mapping[str, str] = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    ends: BothEnds = field(repr=False)

    @property
    def principal(self) -> str | None:
        """Whom grants are for; `None` where subjects do not say who they are."""
        return None if self.mode == "tls" else f"User:{USER}"


def check_security(mode: str) -> Mode:
    """UsageError for what is no mode."""
    if mode not in MODES:
        raise UsageError(f'--security "{mode}" is none{did_you_mean(mode, MODES)}; give {", ".join(MODES)}')
    return cast("Mode", mode)


def make_security(mode: Mode, directory: Path) -> Security:
    """Certificates and a password of this cluster's own; a subject's are files in `directory`, for this user alone.

    UsageError where Trustme, which makes them, is not installed.
    """
    try:
        import trustme  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"--security needs Trustme, which makes certificates ({error}); install streamproof[security]"
        ) from error
    authority = trustme.CA()
    broker = authority.issue_cert(HOST, "localhost", common_name="broker")
    chain = "".join(blob.bytes().decode() for blob in broker.cert_chain_pems)
    root = authority.cert_pem.bytes().decode()
    settings = {
        f"{LISTENER}ssl.keystore.type": "PEM",
        f"{LISTENER}ssl.keystore.certificate.chain": chain,
        f"{LISTENER}ssl.keystore.key": _pkcs8(broker.private_key_pem.bytes()),
        f"{LISTENER}ssl.truststore.type": "PEM",
        f"{LISTENER}ssl.truststore.certificates": root,
    }
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {**PLAIN, "security_protocol": "SSL", "ca_file": _file(directory / "ca.pem", root)}
    ends = BothEnds(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    broker.configure_cert(ends.broker)
    authority.configure_trust(ends.subject)
    if mode == "tls":
        return Security(mode, "SSL", settings, values, ends)
    if mode == "mtls":
        own = authority.issue_cert(f"{USER}@{HOST}", common_name=USER)
        certificate = "".join(blob.bytes().decode() for blob in own.cert_chain_pems)
        values["certificate_file"] = _file(directory / "certificate.pem", certificate)
        values["key_file"] = _file(directory / "key.pem", _pkcs8(own.private_key_pem.bytes()))
        own.configure_cert(ends.subject)
        authority.configure_trust(ends.broker)
        ends.broker.verify_mode = ssl.CERT_REQUIRED
        return Security(mode, "SSL", {**settings, f"{LISTENER}ssl.client.auth": "required", **ACCESS}, values, ends)
    values |= {"security_protocol": "SASL_SSL", "kafka_username": USER, "kafka_password": secrets.token_urlsafe(24)}
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    scram = {f"{LISTENER}sasl.enabled.mechanisms": MECHANISM, f"{LISTENER}{MECHANISM.lower()}.sasl.jaas.config": module}
    return Security(mode, "SASL_SSL", {**settings, **scram, **ACCESS}, values, ends)


def _file(path: Path, text: str) -> str:
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)


def _pkcs8(pem: bytes) -> str:
    """The key in the only form of PEM that Kafka reads."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - comes with Trustme

    key = serialization.load_pem_private_key(pem, password=None)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


_CLIENTS = {
    "security_protocol": "security.protocol",
    "ca_file": "ssl.ca.location",
    "certificate_file": "ssl.certificate.location",
    "key_file": "ssl.key.location",
    "kafka_username": "sasl.username",
    "kafka_password": "sasl.password",
}


def client_settings(values: Mapping[str, str]) -> dict[str, str]:
    """What a subject is told, as settings of librdkafka."""
    mechanism = {"sasl.mechanism": MECHANISM} if values["kafka_username"] else {}
    named = {name: values[placeholder] for placeholder, name in _CLIENTS.items() if values[placeholder]}
    return {"bootstrap.servers": values["bootstrap_servers"], **named, **mechanism}

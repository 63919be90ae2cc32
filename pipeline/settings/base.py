"""What all settings share, where the brokers are, and how values are written."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from pipeline.errors import SettingsError

Name = Annotated[str, Field(min_length=1)]
Milliseconds = Annotated[int, Field(gt=0)]
Config = dict[str, str | int | bool]


class Settings(BaseModel):
    """Of any member."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="For Prometheus; without it nothing is counted."
    )
    metrics_host: Name = Field(default="127.0.0.1", description="Reached from elsewhere only where that is asked for.")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, file: Mapping[str, Any] | None = None
    ) -> Self:
        """Each field from the variable of its name in capitals, else from `file`, by its name.

        SettingsError names the variable, or the key, that is wrong.
        """
        given = {name: environment[name.upper()] for name in cls.model_fields if environment.get(name.upper())}
        try:
            return cls.model_validate({**(file or {}), **given})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            what = first["msg"].removeprefix("Value error, ")
            if name in (file or {}) and name not in given:
                raise SettingsError(f"{name}: {what}; set it right in the file of settings") from error
            raise SettingsError(f"{name.upper() + ': ' if name else ''}{what}; set it in the environment") from error


def read_settings(path: Path, member: str, members: Mapping[str, type[Settings]]) -> dict[str, Any]:
    """The settings of a member in a TOML file: keys at its top, for all members that have them, and those of its table.

    SettingsError for a file that cannot be read, and for a key that no member has.
    """
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}") from error
    own: dict[str, Any] = found.pop(member, {})
    shared = {key: value for key, value in found.items() if key not in members}
    known = {name for settings in members.values() for name in settings.model_fields}
    for key in shared.keys() - known:
        raise SettingsError(f"{path}: no member has a setting {key}; `python -m pipeline {member} --help` lists them")
    return {key: value for key, value in shared.items() if key in members[member].model_fields} | own


class KafkaSettings(Settings):
    """Where the brokers are, and how this process says to them who it is.

    SSL encrypts, and asks the broker for its certificate; with a certificate of its own the process says who it is.
    SASL_SSL says it by a password, which is never sent (SCRAM). SASL_PLAINTEXT is for networks that nobody else is on.
    """

    kafka_bootstrap_servers: Name = Field(description="HOST:PORT of a broker, or of several, by commas.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How brokers are spoken to."
    )
    ssl_ca_location: Name | None = Field(
        default=None, description="A file of PEM: who signs the brokers' certificates; else whom the system trusts."
    )
    ssl_certificate_location: Name | None = Field(default=None, description="A file of PEM: who this process is.")
    ssl_key_location: Name | None = Field(default=None, description="The key of that certificate.")
    sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-256", description="How the password is proved; it is never sent."
    )
    sasl_username: Name | None = Field(default=None, description="Who this process is, where it says so by a password.")
    sasl_password: SecretStr | None = Field(default=None, description="No line of a log shows it.")

    @model_validator(mode="after")
    def _says_who_it_is(self) -> Self:
        sasl = self.security_protocol.startswith("SASL")
        if sasl and (self.sasl_username is None or self.sasl_password is None):
            raise ValueError(f"SECURITY_PROTOCOL={self.security_protocol} needs SASL_USERNAME and SASL_PASSWORD")
        if (self.ssl_certificate_location is None) != (self.ssl_key_location is None):
            raise ValueError("SSL_CERTIFICATE_LOCATION and SSL_KEY_LOCATION go together: set both, or neither")
        return self

    def connection(self) -> Config:
        config: Config = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        files = {
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
        }
        if self.security_protocol.endswith("SSL"):
            config |= {name: path for name, path in files.items() if path is not None}
        if self.sasl_username is not None and self.sasl_password is not None:
            config["sasl.mechanism"] = self.sasl_mechanism
            config["sasl.username"] = self.sasl_username
            config["sasl.password"] = self.sasl_password.get_secret_value()
        return config


class ValueSettings(Settings):
    """How values are written."""

    value_format: Literal["json", "json-schema", "avro", "protobuf"] = Field(
        default="json", description="Of all values that are written; all but `json` with a registry."
    )
    schema_registry_url: Name | None = Field(default=None, description="Of the registry's Confluent API.")
    registry_timeout_ms: Milliseconds = Field(
        default=2_000, description="Of an answer; the registry is asked again, as long as it takes."
    )

    @model_validator(mode="after")
    def _has_registry(self) -> Self:
        if self.value_format != "json" and self.schema_registry_url is None:
            raise ValueError(f"VALUE_FORMAT={self.value_format} needs SCHEMA_REGISTRY_URL")
        return self


class TopicSettings(KafkaSettings):
    """How the topics are made. With three replicas, two in sync, one broker may be lost without a word being lost."""

    partitions: int = Field(default=6, ge=1, description="Of each topic.")
    replication: int = Field(default=3, ge=1, description="Of each topic; all but one of them must be in sync.")

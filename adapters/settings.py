"""One adapter's settings: a TOML file, with the environment before it."""

import ssl
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.errors import ConfigError
from schemas.event import AgencyId
from schemas.identifiers import LaCode


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Kafka(_Part):
    """Where Kafka is, and as whom to speak to it."""

    bootstrap: str
    security: Literal["scram-tls", "scram-plaintext", "plaintext"] = "scram-tls"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class Timing(_Part):
    """How often and how long, in seconds."""

    poll_s: float = Field(default=1.0, gt=0, le=60)
    receipt_wait_s: float = Field(default=30.0, gt=0, le=3600)
    heartbeat_s: float = Field(default=300.0, gt=0, le=86_400)
    undelivered_after_s: float = Field(default=900.0, gt=0)


class AdapterSettings(_Part):
    """One agency system. Paths are relative to the file that names them."""

    agency: AgencyId
    name: str
    sector: Literal["police", "health", "education", "social_care"]
    system: AgencyId
    la_code: LaCode | None = None
    folder: Path
    keys: Path
    directory: Path
    spool: Path
    kafka: Kafka
    timing: Timing = Timing()

    @property
    def source(self) -> str:
        """The CloudEvents source of this system."""
        return f"urn:agency:{self.agency}:{self.system}"

    def client_options(self) -> dict[str, Any]:
        """What an aiokafka client needs.

        Raises:
            ConfigError: The password cannot be read.
        """
        kafka = self.kafka
        options: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
        if kafka.security == "plaintext":
            return options
        if kafka.username is None or kafka.password_file is None:
            msg = "kafka.username and kafka.password_file are needed: add both"
            raise ConfigError(msg)
        try:
            password = kafka.password_file.read_text(encoding="utf-8").strip()
        except OSError:
            msg = "kafka.password_file cannot be read: check the path and its permissions"
            raise ConfigError(msg) from None
        tls = kafka.security == "scram-tls"
        return options | {
            "security_protocol": "SASL_SSL" if tls else "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": password,
            "ssl_context": ssl.create_default_context(cafile=kafka.ca_file) if tls else None,
        }


def load(path: Path) -> AdapterSettings:
    """Read an adapter's file.

    Raises:
        ConfigError: It is missing or wrong; every wrong key is named with what is wrong.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        msg = f"{path.name} cannot be read: give the path of the agency's TOML file"
        raise ConfigError(msg) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}") from None
    problems: list[str] = []
    try:
        settings = AdapterSettings.model_validate(body)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    if problems:
        raise ConfigError(f"{path.name}: {'; '.join(problems)}")
    base = path.resolve().parent
    kafka = settings.kafka
    return settings.model_copy(
        update={
            name: base / getattr(settings, name)
            for name in ("folder", "keys", "directory", "spool")
        }
        | {
            "kafka": kafka.model_copy(
                update={
                    name: base / value if (value := getattr(kafka, name)) else None
                    for name in ("password_file", "ca_file")
                }
            )
        }
    )

"""Every setting, from the environment (`FULLPICTURE_KAFKA__BOOTSTRAP`) or one TOML file.

The environment stands before the file named by `FULLPICTURE_CONFIG`. `fullpicture config
check` says what is wrong and what to do.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from broker.errors import SettingsError

CONFIG_VARIABLE = "FULLPICTURE_CONFIG"


class KafkaSettings(BaseModel):
    """Where Kafka is and as whom to speak to it."""

    bootstrap: str = "127.0.0.1:9092"
    security: Literal["scram-plaintext", "scram-tls", "plaintext"] = "scram-tls"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    def secret(self) -> str | None:
        """Give the password, from its file if one is named.

        Raises:
            SettingsError: The file cannot be read.
        """
        if self.password_file is not None:
            try:
                return self.password_file.read_text(encoding="utf-8").strip()
            except OSError:
                msg = "kafka.password_file cannot be read: check the path and its permissions"
                raise SettingsError(msg) from None
        return self.password.get_secret_value() if self.password else None


class DatabaseSettings(BaseModel):
    """Where PostgreSQL is."""

    url: SecretStr = SecretStr("postgresql://127.0.0.1/fullpicture")
    pool_size: int = Field(default=4, ge=1, le=32)


class KeySettings(BaseModel):
    """Where keys and directories of public keys stand."""

    folder: Path = Path("keys")
    """Holds `kms.json`, `ingress.json` (wrapped private halves) and `broker-signing.json`."""
    directory: Path = Path("directory")
    """Holds `agencies.json`, `ingress.json` and `root.pub`: signed, public."""


class PolicySettings(BaseModel):
    """The partnership's own decisions, as files."""

    sharing: Path = Path("policy/sharing.toml")
    practitioners: Path = Path("policy/practitioners.toml")
    thresholds: Path | None = None


class CorrelateSettings(BaseModel):
    """How much is handled at once."""

    batch_events_max: int = Field(default=500, ge=1, le=2000)
    poll_ms: int = Field(default=15, ge=1, le=1000)
    retry_s: float = Field(default=1.0, gt=0, le=60)
    session_timeout_ms: int = Field(default=10_000, ge=6_000, le=60_000)


class RelaySettings(BaseModel):
    """How often the outbox is looked at."""

    batch_messages_max: int = Field(default=500, ge=1, le=2000)
    poll_s: float = Field(default=0.2, gt=0, le=10)


class MailSettings(BaseModel):
    """The e-mail doorbell."""

    host: str = "127.0.0.1"
    port: int = 25
    sender: str = "fullpicture@localhost"
    tls: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None


class NotifySettings(BaseModel):
    """How often waiting alerts are looked at."""

    poll_s: float = Field(default=1.0, gt=0, le=60)
    silent_after_s: float = Field(default=3600, gt=0)
    """An agency with neither event nor heartbeat for this long has gone silent."""


class ConsoleSettings(BaseModel):
    """Where the console listens and who signs people in."""

    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65535)
    base_url: str = "http://127.0.0.1:8400"
    session_secret: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str = "fullpicture-console"
    oidc_client_secret: SecretStr | None = None
    development_provider: bool = False
    """Serve a sign-in for development, which says so on every page. Never in production."""


class MetricsSettings(BaseModel):
    """Where `/metrics` and `/health` listen; port 0 turns them off."""

    host: str = "127.0.0.1"
    port: int = Field(default=9400, ge=0, le=65535)


class Settings(BaseSettings):
    """All of them."""

    model_config = SettingsConfigDict(
        env_prefix="FULLPICTURE_",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    policy: PolicySettings = PolicySettings()
    correlate: CorrelateSettings = CorrelateSettings()
    relay: RelaySettings = RelaySettings()
    notify: NotifySettings = NotifySettings()
    mail: MailSettings = MailSettings()
    console: ConsoleSettings = ConsoleSettings()
    metrics: MetricsSettings = MetricsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before the file."""
        del dotenv_settings, file_secret_settings
        path = os.environ.get(CONFIG_VARIABLE)
        toml = TomlConfigSettingsSource(settings_cls, toml_file=Path(path) if path else None)
        return init_settings, env_settings, toml


def load() -> Settings:
    """Read every setting.

    Raises:
        SettingsError: One is malformed; the message names it and never its value.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    if path and not Path(path).is_file():
        msg = f"{CONFIG_VARIABLE} names a file that is not there: set it to your settings file"
        raise SettingsError(msg)
    problems: list[str] = []
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    except ValueError:
        problems = ["the settings file is not valid TOML"]
    raise SettingsError("; ".join(problems))

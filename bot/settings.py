"""The environment → `Settings`. What is missing fails at start, with the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.errors import TocsinError


class SettingsError(TocsinError):
    """The settings do not suffice; the message says which variable and what to put there."""


class Settings(BaseSettings):
    """Each field is the environment variable of its name in capitals; `.env` is read too."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///tocsin.db")
    tocsin_policy: Path | None = None
    tocsin_url: str | None = None
    tocsin_command: str = "/incident"
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)
    log_format: Literal["console", "json"] | None = None
    log_level: str = "INFO"
    # For trying things out: the demo's clock runs faster from the instant it first started.
    tocsin_speed: float = Field(default=1.0, gt=0, le=100_000)

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @field_validator("tocsin_command")
    @classmethod
    def _starts_with_slash(cls, value: str) -> str:
        return value if value.startswith("/") else "/" + value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def policy_path(self) -> Path | None:
        """The policy file: named, else `policy.yml` where it is, else none (the preset)."""
        if self.tocsin_policy is not None:
            return self.tocsin_policy
        usual = Path("policy.yml")
        return usual if usual.exists() else None

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def url(self) -> str:
        """The database's address as a string, secrets and all: not for logs."""
        return self.database_url.get_secret_value()

    def missing_for_serving(self) -> list[str]:
        """What `tocsin serve` lacks, each with the mend."""
        found = []
        if self.slack_bot_token is None:
            found.append(
                "SLACK_BOT_TOKEN is not set. Copy the Bot User OAuth Token (xoxb-…) from your app's page, "
                "OAuth & Permissions."
            )
        if self.slack_app_token is None and self.slack_signing_secret is None:
            found.append(
                "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set. For Socket Mode (no public address needed) "
                "set SLACK_APP_TOKEN (xapp-…, Basic Information, App-Level Tokens, scope connections:write); for HTTP "
                "set SLACK_SIGNING_SECRET (Basic Information)."
            )
        return found

    def secrets(self) -> list[str]:
        """Every secret value, so that logs can leave them out."""
        values = [self.slack_bot_token, self.slack_signing_secret, self.slack_app_token]
        found = [value.get_secret_value() for value in values if value is not None]
        if (password := _password_of(self.url)) is not None:
            found.append(password)
        return found


def load() -> Settings:
    """Read the environment. Raises `SettingsError` naming the variable and what was expected."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}" for problem in error.errors()
        ]
        raise SettingsError("These settings cannot be used:\n  " + "\n  ".join(lines)) from None


def _password_of(url: str) -> str | None:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        password = make_url(url).password
    except ArgumentError:
        return None
    return str(password) if password else None

"""Reads secrets among the settings: from files that the environment names, and out of addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from bot.domain.errors import TocsinError


class SettingsError(TocsinError):
    """A setting is missing or unusable; the message names the variable and what to put there."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads a secret from the file that `NAME_FILE` names, as Docker and Kubernetes provide it."""

    def __init__(self, settings_cls: type[BaseSettings], *named_by: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: dict[str, str | None] = {}
        for source in named_by:
            if isinstance(source, EnvSettingsSource):
                self._variables = {**source.env_vars, **self._variables}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret in the file; None where no file is named. Raises `SettingsError` for one that cannot be read."""
        path = self._variables.get(f"{field_name}_file")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, ValueError) as error:
            name = f"{field_name.upper()}_FILE"
            raise SettingsError(f"{name}: {path} cannot be read ({type(error).__name__})") from error

    def __call__(self) -> dict[str, Any]:
        """The secrets that files provide, by field."""
        fields = {name: self.settings_cls.model_fields[name] for name in secret_fields(self.settings_cls)}
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value}


def secret_fields(settings_cls: type[BaseSettings]) -> list[str]:
    """The fields that hold a secret, or an address with one in it."""
    return [
        name
        for name, field in settings_cls.model_fields.items()
        if any(isinstance(kind, type) and issubclass(kind, SecretStr) for kind in _types_of(field.annotation))
    ]


def _types_of(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)


class AddressWithPassword(SecretStr):
    """An address that may be shown in part: only its password is a secret."""


def secret_of(value: SecretStr | None) -> str:
    """The secret as text; empty where it is not set."""
    return value.get_secret_value() if value is not None else ""


def password_of(url: str) -> str | None:
    """The password in a database's address; None without one, or if the address cannot be read."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - slow to import, and not every command needs it
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as above

    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    password = parsed.password
    if parsed.host and "@" in parsed.host:  # not encoded: what follows it would be taken for the host
        password = f"{password}@{parsed.host.rpartition('@')[0]}"
    return str(password) if password else None

"""Settings: the list of secrets, and refused values."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from bot.secret_settings import AddressWithPassword
from bot.settings import Settings


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # pydantic makes fields of strings


def test_every_secret_field_is_among_the_secrets() -> None:
    fields = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(fields) >= 10
    urls = {
        "smtp_url": "smtp://mail.example.com",
        "webhook_url": "https://a.example/b",
        "heartbeat_url": "https://a.b/c",
    }
    values = {name: urls.get(name, f"canary-{name}") for name in fields}
    assert set(values.values()) <= set(settings(**values).secrets())


def test_of_an_address_the_password_alone_is_secret() -> None:
    found = settings(
        database_url="postgresql://tocsin:p%40ss-db@db.example/tocsin", prometheus_url="https://u:pass-prom@prom.example",
        smtp_url="smtp://u:pass-mail@mail.example.com",
    )  # fmt: skip
    assert set(found.secrets()) == {"p@ss-db", "pass-prom", "pass-mail", "smtp://u:pass-mail@mail.example.com"}


def test_an_address_with_a_password_is_never_printed() -> None:
    shown = settings(database_url="postgresql://tocsin:canary@db.example/tocsin")
    assert isinstance(shown.database_url, AddressWithPassword)
    assert isinstance(shown.database_url, SecretStr)
    assert "canary" not in repr(shown)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name.endswith("_url")])
def test_an_address_that_is_none_is_refused_when_the_settings_are_read(name: str) -> None:
    """Of the two databases, those who open them say what is wrong."""
    if name not in ("database_url", "dispatch_database_url"):
        with pytest.raises(ValidationError, match=r"expected (an address that begins with https://|smtp://)"):
            settings(**{name: "nonsense"})

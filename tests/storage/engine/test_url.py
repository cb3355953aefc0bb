from __future__ import annotations

import pytest

from storage.engine.errors import StorageError
from storage.engine.url import parse_url


@pytest.mark.parametrize(
    ("given", "driver", "query"),
    [
        ("sqlite:///tocsin.db", "sqlite+aiosqlite", {}),
        ("sqlite+aiosqlite:////var/tocsin.db", "sqlite+aiosqlite", {}),
        ("postgres://u:p@h/d", "postgresql+asyncpg", {}),
        ("postgresql://u:p@h/d?sslmode=require&channel_binding=prefer", "postgresql+asyncpg", {"ssl": "require"}),
        ("postgresql+asyncpg://u@/d?host=/run/postgresql", "postgresql+asyncpg", {"host": "/run/postgresql"}),
    ],
)
def test_urls_of_hosting_providers_are_accepted(given: str, driver: str, query: dict[str, str]) -> None:
    parsed = parse_url(given)
    assert (parsed.drivername, dict(parsed.query)) == (driver, query)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("tocsin.db", "cannot be read as a URL"),
        ("mysql://u:secret@h/d", "names mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://tocsin.db", "three slashes"),
        ("postgresql://u:secret@h/d?poolclass=x", "parameter poolclass"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(given: str, hint: str) -> None:
    with pytest.raises(StorageError, match=hint) as refused:
        parse_url(given)
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_explained_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StorageError, match=r"pip install 'tocsin\[postgres\]'"):
        parse_url("postgresql://u@h/d")

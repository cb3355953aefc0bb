"""Parses DATABASE_URL into the URL that SQLAlchemy needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from storage.engine.errors import StorageError

_EXAMPLE = "Write sqlite:////var/lib/tocsin/tocsin.db or postgresql://user:password@host/database."
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
# libpq's names of parameters, which hosting providers put into URLs, and asyncpg's.
_RENAMED = {"sslmode": "ssl", "connect_timeout": "timeout"}
_SUPPORTED = frozenset({"host", "port", "ssl", "timeout", "command_timeout", "passfile", "statement_cache_size"})
_IGNORED = frozenset({"channel_binding", "application_name", "gssencmode", "target_session_attrs"})


def parse_url(text: str) -> URL:
    """The URL for SQLAlchemy. Raises `StorageError` that says what to write instead, and never repeats the password."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StorageError(f"DATABASE_URL cannot be read as a URL. {_EXAMPLE}") from None
    if url.host and "@" in url.host:
        raise StorageError("DATABASE_URL has an @ in its password. Write it as %40, and every % as %25.")
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise StorageError(f"DATABASE_URL names {url.drivername}, which Tocsin does not support. {_EXAMPLE}")
    url = url.set(drivername=driver)
    return _sqlite(url) if driver.startswith("sqlite") else _postgresql(url)


def _sqlite(url: URL) -> URL:
    if url.host:
        raise StorageError(
            f"DATABASE_URL needs three slashes before a relative path, four before an absolute one. {_EXAMPLE}"
        )
    if not url.database or ":memory:" in url.database:
        raise StorageError(f"DATABASE_URL names no file, and incidents must outlive the process. {_EXAMPLE}")
    return url.set(database=str(Path(url.database).expanduser()), query={})


def _postgresql(url: URL) -> URL:
    if importlib.util.find_spec("asyncpg") is None:
        raise StorageError(
            "DATABASE_URL names PostgreSQL, whose driver is not installed: pip install 'tocsin[postgres]'."
        )
    query: dict[str, str | tuple[str, ...]] = {}
    for name, value in url.query.items():
        renamed = _RENAMED.get(name, name)
        if renamed in _SUPPORTED:
            query[renamed] = value
        elif name not in _IGNORED:
            raise StorageError(f"DATABASE_URL has the parameter {name}, which Tocsin does not support. Leave it out.")
    return url.set(query=query)

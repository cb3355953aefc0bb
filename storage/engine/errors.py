"""Explains errors of the database so that its operator can act on them."""

from __future__ import annotations

import sqlalchemy.exc as sa

from bot.domain.errors import TocsinError


class StorageError(TocsinError):
    """The database failed, and the transaction was rolled back. The message says what to do about it."""


class NoDatabaseFile(StorageError):
    """The SQLite file that DATABASE_URL names does not exist. A first start creates it."""


# A prepared statement is in a session that a pooler has given to somebody else.
_POOLED = "A connection pooler gives every transaction another session. Set pool_mode = session in it."

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "28": "PostgreSQL refused the user or password in DATABASE_URL. Correct them and start again.",
    "3D": "PostgreSQL has no such database. Create it, or correct the name in DATABASE_URL.",
    "53": "PostgreSQL is out of disk, memory or connections. Free some, or raise its limits.",
    "57014": "PostgreSQL took too long. Try again; if it goes on, look for a long transaction, or a slow disk.",
    "57": "PostgreSQL is shutting down or starting up. Try again when it is up.",
    "26": _POOLED,
    "42P05": _POOLED,
    "08": "The connection to PostgreSQL was lost. Try again; if it goes on, check that the server is up.",
    "40": "Two changes conflicted in PostgreSQL. Try again.",
    "55": "PostgreSQL waited too long for a lock. Try again; if it goes on, look for a long transaction.",
    "25": "PostgreSQL is read-only: this is probably a standby. Point DATABASE_URL at the primary.",
    "42501": "The PostgreSQL user lacks a privilege. Grant it the rights on its schema.",
}
_SQLITE = {
    "locked": "The database file is locked by another process. Stop the other one, or try again.",
    "disk is full": "The disk is full. Free some space where the database file is.",
    "disk i/o": "Reading or writing the disk failed. Check the volume the database file is on.",
    "readonly": "The database file cannot be written. Give the user Tocsin runs as write access to it and its folder.",
    "unable to open": "The database file cannot be opened. Check that its folder exists and may be written.",
    "not a database": "The file DATABASE_URL names is not an SQLite database. Correct the path.",
    "malformed": "The database file is damaged. Restore it from a backup.",
}

# asyncpg raises the last one while it reads the server's last error (state 2 of its protocol).
_CLOSED = ("connection is closed", "connection was closed", "another operation (2) is in progress")


def explain(error: BaseException) -> str | None:
    """Explain an error of the driver to the operator; `None` if it is a mistake in our query."""
    if isinstance(error, sa.TimeoutError):
        return "All connections to the database are in use. Try again; if it goes on, the database is too slow."
    if isinstance(error, sa.DBAPIError) and error.orig is not None:
        return _explain_driver(error.orig) or (_lost() if error.connection_invalidated else None)
    return _explain_driver(error)


def _explain_driver(error: BaseException) -> str | None:
    if state := getattr(error, "sqlstate", None):
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    text = str(error).lower()
    for phrase, explanation in _SQLITE.items():
        if phrase in text:
            return explanation
    if any(phrase in text for phrase in _CLOSED) or isinstance(error, ConnectionError):
        return _lost()
    return None


def _lost() -> str:
    return _POSTGRESQL["08"]

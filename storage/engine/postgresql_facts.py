"""Checks that a PostgreSQL server meets Tocsin's needs: the primary, the privileges, and sessions that last."""

from __future__ import annotations

import sqlalchemy as sa

from storage.database import Database

POOLED = (
    "a connection pooler gives every transaction another session of PostgreSQL. Set pool_mode = session in it, or "
    "connect without it."
)
STANDBY = "PostgreSQL is read-only: this is probably a standby. Point DATABASE_URL at the primary."
_PROBE = "tocsin.session"


async def problems(database: Database) -> list[str]:
    """The problems of the server, in sentences that say what to do. It changes nothing."""
    async with database.reading() as conn:
        read_only = await conn.scalar(sa.text("SHOW transaction_read_only")) == "on"
        may_create = await conn.scalar(
            sa.text("SELECT has_schema_privilege(current_user, current_schema(), 'CREATE') AND current_schema() <> ''")
        )
        user = await conn.scalar(sa.text("SELECT current_user"))
    messages = [STANDBY] if read_only else []
    if not may_create:
        messages.append(
            f"the user {user} may create no tables. As PostgreSQL's administrator: GRANT CREATE, USAGE ON SCHEMA "
            f"public TO {user}."
        )
    if not await _keeps_sessions(database):
        messages.append(POOLED)
    return messages


async def _keeps_sessions(database: Database) -> bool:
    """Whether a connection has the same session in its next transaction, though another one has begun meanwhile."""
    async with database.reading() as conn:
        await conn.execute(sa.text("SELECT set_config(:name, 'kept', false)"), {"name": _PROBE})
        async with database.transaction() as second:
            await second.execute(sa.text("SELECT 1"))
            setting = await conn.scalar(sa.text("SELECT current_setting(:name, true)"), {"name": _PROBE})
        await conn.execute(sa.text("SELECT set_config(:name, '', false)"), {"name": _PROBE})
    return bool(setting == "kept")

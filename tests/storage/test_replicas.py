"""Each process that serves from a database is counted while it says that it is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import replicas
from storage.database import Database


async def test_replicas_are_counted_until_they_leave_or_fall_silent(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as conn:
        assert await replicas.count(conn) == 1
        for name in ("a", "b", "c"):
            await replicas.beat(conn, name)
        await replicas.beat(conn, "a")
        assert await replicas.count(conn) == 3
        await replicas.leave(conn, "b")
        assert await replicas.count(conn) == 2
    monkeypatch.setattr(replicas, "GONE_AFTER", timedelta(seconds=-1))
    async with database.transaction() as conn:
        assert await replicas.count(conn) == 1
    monkeypatch.undo()
    async with database.transaction() as conn:
        await replicas.beat(conn, "c")
        assert await replicas.count(conn) == 1

"""Migration 0009: waiting deadlines have subjects, read from the keys of earlier versions."""

from __future__ import annotations

import json

import sqlalchemy as sa

from bot.domain.routing import keys
from storage import deadlines, incidents, migrate
from storage.migrations.versions.v0009_deadline_subjects import subject_of
from storage.open import open_database
from tests.domain.routing.test_keys import STORED
from tests.storage.helpers import incident

# Kinds that are newer than the migration: an earlier version has no deadlines of them.
NEWER = ("comms:", "review:", "agenda:", "rehearsal:", "play:", "person:")
OLDER = {key: subject for key, subject in STORED.items() if not key.startswith(NEWER)}
ROW_OF_0008 = """
    INSERT INTO deadlines (once, incident, kind, due_at, state, withdrawn, reason, armed_at, fence)
    VALUES (:once, 42, 'update', 1767571200000000, :state, false, 'planned earlier', 1767571200000000, 0)
"""


def test_the_migration_reads_keys_as_the_domain_does() -> None:
    for key, subject in OLDER.items():
        assert subject_of(key) == json.loads(json.dumps(keys.as_json(subject)))
    assert subject_of("silence:1:1") is None
    assert subject_of("update:42:1:0") is None
    assert subject_of("update:42:1:0:x") is None


async def test_rows_of_an_earlier_version_get_their_subjects(empty_database_url: str) -> None:
    database = await open_database(empty_database_url, migrate=False)
    async with database.transaction() as conn:
        await conn.run_sync(migrate.run_alembic, "0008")
        await incidents.insert(conn, incident(42))
        earlier = [{"once": key, "state": "skipped" if key == "respond:42:1:sev1" else "waiting"} for key in OLDER]
        await conn.execute(sa.text(ROW_OF_0008), earlier)
    assert await migrate.upgrade(database)
    async with database.reading() as conn:
        stored = await conn.execute(sa.text("SELECT once, subject IS NOT NULL AS filled FROM deadlines"))
        filled = {row.once: row.filled for row in stored}
        rows = await deadlines.ledger(conn, 42)
    assert {key for key, has_subject in filled.items() if not has_subject} == {"respond:42:1:sev1"}
    assert {row.dedup_key: row.subject for row in rows} == OLDER
    await database.close()

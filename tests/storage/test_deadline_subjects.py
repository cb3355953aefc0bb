"""Migration 0009: deadlines that wait are told apart by their subjects, read from the keys of earlier versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.routing import keys
from storage import deadlines, incidents, migrate
from storage.database import Database
from storage.migrations.versions.v0009_deadline_subjects import subject_of
from tests.domain.routing.test_keys import STORED
from tests.storage.helpers import incident

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_the_migration_reads_keys_as_the_domain_does() -> None:
    for key, subject in STORED.items():
        assert subject_of(key) == json.loads(json.dumps(keys.as_json(subject)))
    assert subject_of("silence:1:1") is None
    assert subject_of("update:42:1:0") is None
    assert subject_of("update:42:1:0:x") is None


async def test_rows_of_an_earlier_version_get_their_subjects(database: Database) -> None:
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(42))
        planned = [Deadline(key, "update", NOW, "planned earlier") for key in STORED]
        await deadlines.sync(conn, 42, planned, lambda key: "", NOW)
        await deadlines.decide(conn, "respond:42:1:sev1", DeadlineState.SKIPPED, "acknowledged", NOW)
        await conn.execute(sa.text("ALTER TABLE deadlines DROP COLUMN subject"))
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = '0008'"))
    assert await migrate.upgrade(database)
    async with database.reading() as conn:
        stored = await conn.execute(sa.text("SELECT once, subject IS NOT NULL AS filled FROM deadlines"))
        filled = {row.once: row.filled for row in stored}
        rows = await deadlines.ledger(conn, 42)
    assert {key for key, has_subject in filled.items() if not has_subject} == {"respond:42:1:sev1"}
    assert {row.dedup_key: row.subject for row in rows} == STORED

"""The database refuses a webhook: the sender learns to send it again, and nothing is stored or acknowledged."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from storage.database import Database
from storage.schema import alert_groups, alert_occurrences, alerts, counters
from tests.alerts.sending import TOKEN, alert, send, webhook
from tests.scenarios.running import policy_file, running_world
from tests.scenarios.test_watching import metrics

# The disk is full, from the first group that is written: after the occurrences, in the same transaction.
REFUSE = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON alert_groups"
        " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''could not extend file''; END'",
        "CREATE TRIGGER refuse BEFORE INSERT ON alert_groups FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
}
ACCEPT = {"sqlite": "DROP TRIGGER refuse", "postgresql": "DROP TRIGGER refuse ON alert_groups"}


async def execute(database: Database, statement: str) -> None:
    async with database.serialized() as conn:
        await conn.execute(sa.text(statement))


async def rows(database: Database) -> list[int]:
    """How many rows each table of alerts has, and the highest number of a group."""
    async with database.reading() as conn:
        counts = [
            int(await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
            for table in (alert_occurrences, alert_groups, alerts)
        ]
        highest = await conn.scalar(sa.select(counters.c.value).where(counters.c.name == "alert_group"))
    return [*counts, int(highest or 0)]


async def test_a_sender_is_told_to_repeat_what_the_database_refused_and_then_it_is_new(
    database_url: str, tmp_path: Path, policy_text: str
) -> None:
    dialect = "postgresql" if database_url.startswith("postgresql") else "sqlite"
    body = webhook(alert(env="dev"), alert(env="dev", instance="b"))
    async with running_world(database_url, policy=policy_file(tmp_path, policy_text), tocsin_hook_token=TOKEN) as world:
        database = world.tocsin.database
        before = await rows(database)
        for statement in REFUSE[dialect]:
            await execute(database, statement)
        try:
            assert await send(world, body) == (503, {"error": "not recorded, send it again"})
            assert await rows(database) == before, "nothing of a transaction that failed stays"
        finally:
            await execute(database, ACCEPT[dialect])
        status, answer = await send(world, body)
        assert (status, answer["new"], answer["groups"]) == (202, 2, ["AG-1"])
        shown = await metrics(world)
        assert shown['tocsin_not_recorded_total{kind="alerts"}'] == 1
        assert shown['tocsin_alert_groups_firing{decision="recorded"}'] == 1

"""`tocsin verify` finds altered rows, private flags and ledgers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.json_shapes.incidents import entry_json
from bot.usecases.incidents.declare import Declaration, declare
from storage import incidents
from storage.open import open_database
from storage.timeline import entries as timeline_
from tests.scenarios.running import policy_file, running_world
from tests.scenarios.test_record_commands import execute_sql, tocsin


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this checkout's policy nor its `.env` is meant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOCSIN_POLICY", raising=False)


TAMPERED = {
    "whose incident it is": ("UPDATE incidents SET severity = 'sev5' WHERE number = 1", "row was changed: severity"),
    "who may see it": ("UPDATE incidents SET private = false WHERE number = 2", "row was changed: private"),
    "the ledger's reason": (
        "UPDATE deadlines SET reason = 'nobody was needed' WHERE incident = 3 AND state = 'sent'",
        "was changed in the ledger after entry",
    ),
    "the ledger's decision": (
        "UPDATE deadlines SET state = 'waiting' WHERE incident = 3 AND state = 'sent'",
        "was changed in the ledger after entry",
    ),
    "a line of the ledger": (
        "DELETE FROM deadlines WHERE incident = 3 AND state = 'sent'", "is missing from the ledger",
    ),
}  # fmt: skip


STATES: dict[str, tuple[str, Any]] = {
    "its title": ("title", "Nothing to see here"),
    "its severity": ("severity", "sev5"),
    "who declared it": ("declared_by", "U0SOMEBODY"),
    "who leads it": ("roles", {"commander": "U0SOMEBODY"}),
}


@pytest.fixture
async def paging_database(database_url: str, tmp_path: Path) -> str:
    """A database with a public, a private and a paging incident, and no bot on it any more."""
    ladder = '[{after: 0m, notify: ["user:U0TOM00000"], by: [slack]}]'
    policy = policy_file(tmp_path, f"preset: sev1-5\nseverities: {{sev1: {{ladder: {ladder}}}}}\n")
    async with running_world(database_url, policy=policy) as world:
        channel = await world.declare()
        await world.maya.command(channel.id, "/incident lead me")
        await declare(world.tocsin.context, Declaration("Payroll leaked", "sev2", world.maya.id, private=True))
        await world.declare("sev1 Payments are down")
        await world.pass_time(minutes=1)
    return database_url


def verified(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", url)
    return tocsin("verify").stdout


@pytest.mark.parametrize("what", TAMPERED)
async def test_verify_sees_an_altered_row_private_flag_and_ledger(
    paging_database: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    statement, said = TAMPERED[what]
    assert "all as they were written" in await asyncio.to_thread(verified, paging_database, monkeypatch)
    await execute_sql(paging_database, statement)
    assert said in await asyncio.to_thread(verified, paging_database, monkeypatch)


@pytest.mark.parametrize("what", STATES)
async def test_verify_sees_a_row_that_was_altered_consistently(
    paging_database: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    name, value = STATES[what]
    database = await open_database(paging_database, migrate=False)
    async with database.transaction() as conn:
        incident = await incidents.lock(conn, 1)
        assert incident is not None
        await incidents.save(conn, replace(incident, **{name: value}))
    await database.close()
    assert "✗ INC-1: the incident's row was changed after entry" in await asyncio.to_thread(
        verified, paging_database, monkeypatch
    )


async def test_what_vouches_for_other_rows_is_shown_to_nobody(paging_database: str) -> None:
    database = await open_database(paging_database, migrate=False)
    async with database.reading() as conn:
        entries = await timeline_.read(conn, 1)
    await database.close()
    assert any("_incident" in record.entry.data for record in entries)
    assert not any(name.startswith("_") for record in entries for name in entry_json(record)["data"])

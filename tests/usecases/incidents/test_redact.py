"""Redacted words are gone from every stored row, and the chain still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Redaction
from bot.domain.timeline.messages import ChannelMessage, entries_from_edit, entries_from_message
from bot.usecases import personal, search_index
from bot.usecases.context import Context
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.escalate import escalate
from bot.usecases.incidents.note import note
from bot.usecases.incidents.post_update import post_update
from bot.usecases.incidents.record import Channels, Recorder
from bot.usecases.incidents.redact import redact
from bot.usecases.incidents.resolve import resolve
from storage import incidents, retention
from storage.schema import metadata
from storage.timeline import entries, verify
from tests.usecases.conftest import START, MakeContext

MAYA, TOM, NOOR = "U0MAYA0000", "U0TOM00000", "U0NOOR0000"
SECRET = "the password is hunter2 & more"
MESSAGE = ChannelMessage(
    "C1", "1774748000.000100", TOM, "the password is hunter2 &amp; more", link="https://x.example/1"
)


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\nannounce: '#incidents'\n")
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    await assign_roles(context, 1, {"commander": MAYA}, MAYA)
    return context


async def record_message(context: Context, message: ChannelMessage) -> int:
    """Record a message. Returns its place in the chain."""
    async with context.database.transaction() as conn:
        (record,) = await entries.append(conn, 1, entries_from_message(message, START))
    return record.seq


async def seq_of(context: Context, kind: str) -> int:
    async with context.database.reading() as conn:
        record = await entries.newest_of_kinds(conn, 1, [kind])
    assert record is not None
    return record.seq


async def everything_kept(context: Context) -> str:
    """Every row of every table."""
    async with context.database.reading() as conn:
        tables = [(await conn.execute(sa.select(table))).all() for table in metadata.sorted_tables]
    return "\n".join(str(row) for rows in tables for row in rows)


async def assert_gone(context: Context, words: str = "hunter2") -> None:
    await search_index.index_due(context.database)
    assert words not in await everything_kept(context)
    async with context.database.reading() as conn:
        assert await verify.chain_faults(conn, 1) == []


async def test_a_redacted_message_is_gone_in_every_version_and_its_hashes_stay(context: Context) -> None:
    seq = await record_message(context, MESSAGE)
    edited = replace(MESSAGE, text="sorry, the password was hunter2", edited_ts="1774748001.000000")
    async with context.database.transaction() as conn:
        before = (await entries.by_seqs(conn, 1, [seq]))[0].hash
        await entries.append(conn, 1, entries_from_edit(edited, None, _at))
    await note(context, 1, f"{TOM} said: {SECRET}", NOOR)
    await personal.answer(context, "x", {"user": NOOR, "message": {"text": SECRET, "blocks": [{"text": SECRET}]}})
    result = await redact(context, 1, seq, "It held a password", MAYA)
    assert result.count == 3
    await assert_gone(context)
    async with context.database.reading() as conn:
        (record,) = await entries.by_seqs(conn, 1, [seq])
        kept = await entries.message(conn, 1, MESSAGE.ts)
    assert (record.purged, record.hash, record.redaction) == (True, before, Redaction(MAYA, "It held a password"))
    assert kept is not None
    assert kept.redaction is not None


def _at(ts: str) -> datetime:
    return START + timedelta(seconds=float(ts) - float(MESSAGE.ts))


async def test_what_an_incident_says_of_itself_is_redacted_with_its_entry(context: Context) -> None:
    await post_update(context, 1, SECRET, MAYA)
    await redact(context, 1, await seq_of(context, "update"), "A password", MAYA)
    await escalate(context, 1, MAYA, SECRET)
    await redact(context, 1, await seq_of(context, "escalated"), "A password", MAYA)
    await resolve(context, 1, MAYA, summary="Rolled back", root_cause=SECRET)
    await redact(context, 1, await seq_of(context, "resolved"), "A password", MAYA)
    await assert_gone(context)
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    assert (incident.update_text, incident.root_cause, incident.title) == (
        "[redacted]",
        "[redacted]",
        "Checkout is down",
    )


async def test_a_title_is_redacted_with_the_declaration(context: Context) -> None:
    await declare(context, Declaration("hunter2 is the password", "sev2", MAYA, description="hunter2 is the password"))
    result = await redact(context, 2, 1, "A password", MAYA)
    assert result.title_struck
    await search_index.index_due(context.database)
    assert "hunter2" not in await everything_kept(context)


async def test_only_the_commander_or_the_author_may_redact(context: Context) -> None:
    seq = await record_message(context, MESSAGE)
    with pytest.raises(Refused, match="Only <@U0MAYA0000>, who leads INC-1, or the person who wrote it"):
        await redact(context, 1, seq, "Why not", NOOR)
    with pytest.raises(Refused, match="Say why"):
        await redact(context, 1, seq, "  ", TOM)
    await redact(context, 1, seq, "My password", TOM)
    await assert_gone(context)
    with pytest.raises(Refused, match="gone already"):
        await redact(context, 1, seq, "Again", MAYA)


async def test_an_author_strikes_nothing_that_others_said_by_repeating_it(context: Context) -> None:
    await note(context, 1, "Deploy 4512 went out at 02:47", MAYA)
    await post_update(context, 1, "Deploy 4512 went out at 02:47", MAYA)
    seq = await record_message(context, replace(MESSAGE, text="Deploy 4512 went out at 02:47"))
    assert (await redact(context, 1, seq, "Mine", TOM)).count == 1
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
        kept = [record.entry.kind for record in await entries.read(conn, 1) if "4512" in record.entry.text]
    assert kept == ["note", "update"]
    assert incident is not None
    assert "4512" in incident.update_text


async def test_where_the_policy_names_who_may_redact_nobody_else_may(make_context: MakeContext) -> None:
    context = make_context(f"preset: sev1-5\npermissions: {{redact: ['user:{NOOR}']}}\n")
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    seq = await record_message(context, MESSAGE)
    with pytest.raises(Refused, match="Only <@U0NOOR0000> may redact entries"):
        await redact(context, 1, seq, "Mine", TOM)
    await redact(context, 1, seq, "A password", NOOR)
    await assert_gone(context)


async def test_what_slack_says_of_a_redacted_message_later_brings_nothing_back(context: Context) -> None:
    async with context.database.transaction() as conn:
        incident = await incidents.lock(conn, 1)
        assert incident is not None
        await incidents.save(conn, replace(incident, channel_id="C1"))
    seq = await record_message(context, MESSAGE)
    await redact(context, 1, seq, "A password", MAYA)
    recorder = Recorder(context, Channels(context))
    await recorder.message(MESSAGE)  # from the history
    edited = replace(MESSAGE, text=f"{MESSAGE.text}!", edited_ts="1774748009.000000")
    await recorder.edit(edited, MESSAGE)
    await assert_gone(context)


async def test_a_redacted_entry_outlives_a_purge(context: Context) -> None:
    seq = await record_message(context, MESSAGE)
    await redact(context, 1, seq, "A password", MAYA)
    async with context.database.transaction() as conn:
        await retention.purge(conn, 1, START + timedelta(days=1), START + timedelta(days=1))
        assert await verify.chain_faults(conn, 1) == []
        (record,) = await entries.by_seqs(conn, 1, [seq])
    assert record.redaction == Redaction(MAYA, "A password")

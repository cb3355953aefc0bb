"""A snooze puts off reminders, never pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.snooze import snooze
from storage import deadlines
from tests.usecases.conftest import START, MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    return context


async def test_a_snooze_moves_the_reminder_and_no_page(context: Context) -> None:
    async with context.database.reading() as conn:
        pages = {row.dedup_key: row.due_at for row in await deadlines.waiting(conn, 1) if row.rung}
    incident = await snooze(context, 1, timedelta(hours=2), "U1")
    assert incident.update_due_at == START + timedelta(hours=2)
    async with context.database.reading() as conn:
        assert {row.dedup_key: row.due_at for row in await deadlines.waiting(conn, 1) if row.rung} == pages

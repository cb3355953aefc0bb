"""Roles are given to people, and each change has its entry."""

from __future__ import annotations

import pytest

from bot.usecases.context import Context
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.declare import Declaration, declare
from storage.timeline import entries
from tests.usecases.conftest import MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    return context


async def test_a_role_that_stays_the_same_gets_no_entry(context: Context) -> None:
    await assign_roles(context, 1, {"commander": "U2"}, "U1")
    await assign_roles(context, 1, {"commander": "U2", "scribe": "U3"}, "U1")
    async with context.database.reading() as conn:
        roles = [record.entry.data["role"] for record in await entries.read(conn, 1) if record.entry.kind == "role"]
    assert roles == ["commander", "scribe"]

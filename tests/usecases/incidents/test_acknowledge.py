"""Acknowledging is one press for everybody, and safe to repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.incident import Change, PagedRung
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.unit_of_work import locked_incident
from tests.usecases.conftest import START, MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    return context


async def test_the_first_to_acknowledge_is_offered_the_lead(context: Context) -> None:
    outcome = await acknowledge(context, 1, "U2")
    assert (outcome.incident.acknowledged_by, outcome.offer_lead) == ("U2", True)


async def test_the_second_to_acknowledge_joins_and_is_told_who_was_first(context: Context) -> None:
    await acknowledge(context, 1, "U2")
    outcome = await acknowledge(context, 1, "U3")
    assert (outcome.first_by, outcome.first_at) == ("U2", START)
    assert outcome.incident.responders == ("U2", "U3")


async def test_acknowledging_is_one_press_for_the_reporter_too(context: Context) -> None:
    async with locked_incident(context, 1) as work:
        paged = replace(work.incident.ladder, pages=(PagedRung(1, 1, START, ("U9",)),))
        await work.commit(Change(replace(work.incident, ladder=paged)))
    assert (await acknowledge(context, 1, "U1")).incident.acknowledged_by == "U1"

"""A report of impact is one entry, and changes the incident's facts."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.domain.incident.impact import ImpactInput
from bot.usecases.context import Context
from bot.usecases.incidents.cancel import cancel
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.impact import record_impact
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.timeline import entries
from tests.usecases.conftest import MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\nservices: {search: {}}\npermissions: {impact: ['user:U0MAYA0000']}\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U0TOM00000"))
    return context


async def entry_kinds(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.kind for record in await entries.read(conn, 1)][1:]


async def test_the_impact_is_kept_with_the_incident_and_told_once(context: Context) -> None:
    form = ImpactInput(services=("search",), regions=("eu",), facts={"users": 30.0, "security": True})
    incident = await record_impact(context, 1, form, "U0MAYA0000", "view:1")
    assert (incident.services, incident.regions) == (("search",), ("eu",))
    assert incident.facts == {"users": 30.0, "security": True}
    before = await entry_kinds(context)
    await record_impact(context, 1, form, "U0MAYA0000")
    assert await entry_kinds(context) == before, "the same once more says nothing new"
    with pytest.raises(DuplicateDelivery):
        await record_impact(context, 1, form, "U0MAYA0000", "view:1")


async def test_a_fact_that_is_taken_back_goes_and_the_others_stay(context: Context) -> None:
    await record_impact(context, 1, ImpactInput(facts={"users": 30.0, "security": True}), "U0MAYA0000")
    incident = await record_impact(context, 1, ImpactInput(facts={"users": None}), "U0MAYA0000")
    assert incident.facts == {"security": True}


async def test_only_whom_the_policy_names_says_what_the_impact_is(context: Context) -> None:
    with pytest.raises(Refused, match="say what the impact is"):
        await record_impact(context, 1, ImpactInput(facts={"users": 30.0}), "U0TOM00000")
    assert await entry_kinds(context) == []


async def test_the_impact_of_a_false_alarm_is_not_kept(context: Context) -> None:
    await cancel(context, 1, "a test alert", "U0TOM00000")
    with pytest.raises(Refused, match="its impact is no longer recorded"):
        await record_impact(context, 1, ImpactInput(facts={"users": 30.0}), "U0MAYA0000")

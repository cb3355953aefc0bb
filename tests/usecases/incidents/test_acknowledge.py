"""Acknowledging is safe to repeat, and an acknowledgement at a vendor counts here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.incident import Change, PagedRung, VendorAlert
from bot.domain.incident.status import Status
from bot.domain.paging import calls
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import (
    Acknowledged,
    VendorAcknowledgement,
    acknowledge,
    acknowledge_from_vendor,
)
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.unit_of_work import locked_incident
from storage import directory
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    return context


async def texts(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.text for record in await entries.read(conn, 1)][1:]


async def test_the_first_to_acknowledge_is_offered_the_lead(context: Context) -> None:
    outcome = await acknowledge(context, 1, "U2")
    assert (outcome.incident.acknowledged_by, outcome.offer_lead) == ("U2", True)


async def test_the_second_to_acknowledge_joins_and_is_told_who_was_first(context: Context) -> None:
    await acknowledge(context, 1, "U2")
    outcome = await acknowledge(context, 1, "U3")
    assert (outcome.first_by, outcome.first_at) == ("U2", START)
    assert outcome.incident.responders == ("U2", "U3")


async def test_a_reporter_whose_incident_paged_others_is_asked_first(context: Context) -> None:
    async with locked_incident(context, 1) as work:
        paged = replace(work.incident.ladder, pages=(PagedRung(1, 1, START, ("U9",)),))
        incident = await work.commit(Change(replace(work.incident, ladder=paged)))
    assert await acknowledge(context, 1, "U1", confirmed=False) == Acknowledged(incident, ask=True)
    assert (await acknowledge(context, 1, "U1")).incident.acknowledged_by == "U1"


async def open_alert(context: Context) -> str:
    """Open an alert at PagerDuty, and return its key."""
    async with locked_incident(context, 1) as work:
        incident = await work.commit(
            Change(replace(work.incident, live_alerts=(VendorAlert("pagerduty", "sev1", None, ("page:1",)),)))
        )
    return calls.dedup_key(incident, "sev1")


async def test_an_acknowledgement_at_the_vendor_acknowledges_the_incident(context: Context) -> None:
    key = await open_alert(context)
    done = VendorAcknowledgement("pagerduty", "Ana", key, "[INC-1] Checkout is down")
    incident = await acknowledge_from_vendor(context, done, "pagerduty:1")
    assert incident is not None
    assert incident.ladder.acknowledged_at == START
    assert (await texts(context))[-1] == "is responding (in PagerDuty)"


async def test_whoever_acknowledges_at_the_vendor_is_known_by_their_slack_id(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\ncontacts: {ana: {name: Ana, slack: Ana@example.com}}\n")
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    async with context.database.transaction() as conn:
        await directory.remember_user(conn, "ana@example.com", "U0ANA0001")
    done = VendorAcknowledgement("pagerduty", "ana", await open_alert(context), "[INC-1] Checkout is down")
    incident = await acknowledge_from_vendor(context, done, "pagerduty:1")
    assert incident is not None
    assert (incident.acknowledged_by, incident.responders) == ("U0ANA0001", ("U0ANA0001",))


async def test_an_alert_resolved_at_the_vendor_leaves_the_incident_open(context: Context) -> None:
    key = await open_alert(context)
    done = VendorAcknowledgement("pagerduty", "Ana", key, "[INC-1] Checkout is down", resolved=True)
    incident = await acknowledge_from_vendor(context, done, "pagerduty:1")
    assert incident is not None
    assert incident.open
    assert incident.status is not Status.RESOLVED
    assert (await texts(context))[
        -1
    ] == "Ana resolved it in PagerDuty. The incident stays open until it is resolved here."


async def test_an_alert_that_is_not_ours_changes_nothing(context: Context) -> None:
    await open_alert(context)
    other = VendorAcknowledgement("pagerduty", "Ana", "tocsin-INC-1-0123456789abcdef", "[INC-1] Checkout is down")
    assert await acknowledge_from_vendor(context, other, "pagerduty:1") is None
    assert await texts(context) == []

"""The channel gets a paging vendor's reports, except echoes of our own calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.domain.incident import Change, VendorAlert
from bot.domain.incident.status import Status
from bot.domain.paging import calls
from bot.domain.routing.pages import alert_follow_up
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.vendor_news import VendorNews, take
from bot.usecases.unit_of_work import locked_incident
from storage import directory
from storage.outbox import enqueue
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext

POLICY = "preset: sev1-5\ncontacts: {ana: {name: Ana, slack: Ana@example.com}}\n"
ALERT = VendorAlert("pagerduty", "sev1", None, ("page:1",))


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    return context


async def open_alert(context: Context) -> str:
    """Open an alert at PagerDuty, and return its key."""
    async with locked_incident(context, 1) as work:
        incident = await work.commit(Change(replace(work.incident, live_alerts=(ALERT,))))
    return calls.dedup_key(incident, "sev1")


async def texts(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.text for record in await entries.read(conn, 1)][1:]


async def lines_told(context: Context) -> int:
    """The messages of news in the channel."""
    async with context.database.reading() as conn:
        return await conn.scalar(sa.select(sa.func.count()).where(outbox.c.kind == "news")) or 0


async def test_an_acknowledgement_at_the_vendor_acknowledges_the_incident(context: Context) -> None:
    key = await open_alert(context)
    incident = await take(context, VendorNews("pagerduty", key, "Tenex Engineer"), "pagerduty:1")
    assert incident is not None
    assert (incident.ladder.acknowledged_at, incident.acknowledged_by) == (START, "Tenex Engineer")
    assert await texts(context) == ["is responding (in PagerDuty)"]
    assert await lines_told(context) == 1


async def test_a_person_who_acknowledges_at_the_vendor_is_known_by_their_slack_id(context: Context) -> None:
    async with context.database.transaction() as conn:
        await directory.remember_user(conn, "ana@example.com", "U0ANA0001")
    incident = await take(context, VendorNews("pagerduty", await open_alert(context), "ana"), "pagerduty:1")
    assert incident is not None
    assert (incident.acknowledged_by, incident.responders) == ("U0ANA0001", ("U0ANA0001",))


@pytest.mark.parametrize("acknowledged", [False, True])
async def test_an_alert_resolved_by_a_person_is_told_in_one_line_and_leaves_the_incident_open(
    context: Context, acknowledged: bool
) -> None:
    key = await open_alert(context)
    if acknowledged:
        await acknowledge(context, 1, "U2")
    before = await lines_told(context)
    incident = await take(context, VendorNews("pagerduty", key, "Ben", resolved=True), "pagerduty:1")
    assert incident is not None
    assert incident.status is Status.ACKNOWLEDGED
    assert await lines_told(context) == before + 1
    said = "Ben resolved it in PagerDuty. The incident stays open until it is resolved here."
    assert (await texts(context))[-1] == said


async def test_a_second_acknowledgement_at_the_vendor_is_told(context: Context) -> None:
    key = await open_alert(context)
    await acknowledge(context, 1, "U2")
    before = await lines_told(context)
    await take(context, VendorNews("pagerduty", key, "Ben"), "pagerduty:1")
    assert await lines_told(context) == before + 1
    assert (await texts(context))[-1] == "Ben acknowledged it in PagerDuty as well."


@pytest.mark.parametrize("resolved", [False, True])
async def test_what_no_person_did_is_told_and_acknowledges_nothing(context: Context, resolved: bool) -> None:
    key = await open_alert(context)
    incident = await take(context, VendorNews("pagerduty", key, None, resolved), "pagerduty:1")
    assert incident is not None
    assert (incident.ladder.acknowledged_at, incident.responders) == (None, ())
    assert await lines_told(context) == 1
    assert "not by a person" in (await texts(context))[-1] or "by no person" in (await texts(context))[-1]


@pytest.mark.parametrize("resolved", [False, True])
async def test_the_echo_of_our_own_call_is_known_by_its_key(context: Context, resolved: bool) -> None:
    key = await open_alert(context)
    async with locked_incident(context, 1) as work:
        action = "resolve" if resolved else "acknowledge"
        await enqueue.put(work.conn, [alert_follow_up(work.incident, ALERT, action)])
    before = await texts(context)
    assert await take(context, VendorNews("pagerduty", key, None, resolved), "pagerduty:1") is None
    assert await texts(context) == before
    other = VendorNews("pagerduty", key, None, not resolved)
    assert await take(context, other, "pagerduty:2") is not None


async def test_an_alert_that_is_not_ours_changes_nothing(context: Context) -> None:
    await open_alert(context)
    for key in ("tocsin-INC-1-0123456789abcdef", "", "[INC-1] Checkout is down"):
        assert await take(context, VendorNews("pagerduty", key, "Ana"), f"pagerduty:{key}") is None
    assert await texts(context) == []


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("U0NOOR0000", "U0NOOR0000 (PagerDuty)"),
        ("<@U0NOOR0000>", "at U0NOOR0000 (PagerDuty)"),
        ("  <!channel>\nTenex ", "!channel Tenex"),
        ("maya@example.com", "maya at example.com (PagerDuty)"),  # an address would be paged, or left out of pages
        ("Tocsin", "Tocsin (PagerDuty)"),
        ("B0DEPLOYS0", "B0DEPLOYS0 (PagerDuty)"),
        ("", "somebody"),
    ],
)
async def test_a_name_at_the_vendor_is_nobodys_slack_id_and_mentions_nobody(
    context: Context, who: str, name: str
) -> None:
    incident = await take(context, VendorNews("pagerduty", await open_alert(context), who), "pagerduty:1")
    assert incident is not None
    assert incident.responders == (name,)


async def test_the_name_of_a_contact_who_was_not_paged_lets_nobody_into_a_private_incident(context: Context) -> None:
    async with context.database.transaction() as conn:
        await directory.remember_user(conn, "ana@example.com", "U0ANA0001")
    key = await open_alert(context)
    async with locked_incident(context, 1) as work:
        await work.commit(Change(replace(work.incident, private=True)))
    incident = await take(context, VendorNews("pagerduty", key, "Ana"), "pagerduty:1")
    assert incident is not None
    assert incident.responders == ("Ana",)
    async with context.database.reading() as conn:
        assert not await enqueue.exists(conn, "invite:1:U0ANA0001")

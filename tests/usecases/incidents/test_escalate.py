"""Paging by hand: the next rung, a named person, a trigger, and declining a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Change, members
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.change_severity import change_severity
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.escalate import AlreadyEscalated, decline_page, escalate, next_page, page
from bot.usecases.incidents.page_answers import PageRef
from bot.usecases.unit_of_work import locked_incident
from storage import deadlines, directory
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
severities:
  sev1:
    ladder:
      - {after: 5m, notify: ["user:U0FIRST01"], until: acknowledged}
      - {after: 10m, notify: ["user:U0SECOND1"], until: acknowledged}
"""


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    return context


async def test_escalating_pages_the_next_rung_and_uses_up_its_deadline(context: Context) -> None:
    escalated = await escalate(context, 1, "U1", "We need help")
    assert (escalated.paging.rung, escalated.paging.recipients.people) == (1, ("U0FIRST01",))
    async with context.database.reading() as conn:
        row = await deadlines.get(conn, "rung:1:1:sev1:1")
        kinds = [record.entry.kind for record in await entries.read(conn, 1)]
    assert row is not None
    assert (row.state, row.reason) == (
        DeadlineState.DUE,
        "paged early: <@U1> escalated: We need help — <@U0FIRST01> (Slack)",
    )
    assert kinds == ["declared", "escalated", "page"]


async def test_with_every_rung_used_nobody_is_left_to_page(context: Context, clock: MovableClock) -> None:
    rungs = []
    for _ in range(3):
        rungs.append((await escalate(context, 1, "U1")).paging.rung)
        clock.instant += timedelta(minutes=1)
    assert rungs == [1, 2, None]


async def test_two_escalations_at_the_same_moment_page_one_rung(context: Context, clock: MovableClock) -> None:
    assert (await escalate(context, 1, "U1")).paging.rung == 1
    clock.instant += timedelta(seconds=0.5)
    for actor in ("U1", "U2"):
        with pytest.raises(AlreadyEscalated) as raised:
            await escalate(context, 1, actor, "We need help")
        upcoming = raised.value.next_page
        assert (upcoming.incident.ladder.escalated_by, upcoming.paging.rung) == ("U1", 2)
    async with context.database.reading() as conn:
        pages = [record for record in await entries.read(conn, 1) if record.entry.kind == "page"]
    assert len(pages) == 1
    assert (await escalate(context, 1, "U2", rung=2)).paging.rung == 2


async def test_an_escalation_that_names_a_paged_rung_pages_no_other(context: Context, clock: MovableClock) -> None:
    preview = await next_page(context, 1, "U1")
    assert (preview.paging.rung, preview.paging.recipients.people) == (1, ("U0FIRST01",))
    await escalate(context, 1, "U2", rung=1)
    clock.instant += timedelta(hours=1)
    with pytest.raises(AlreadyEscalated):
        await escalate(context, 1, "U1", rung=1)


async def test_asking_whom_an_escalation_would_page_pages_nobody(context: Context) -> None:
    await next_page(context, 1, "U1")
    async with context.database.reading() as conn:
        kinds = [record.entry.kind for record in await entries.read(conn, 1)]
    assert kinds == ["declared"]


async def test_several_people_are_paged_by_one_request(context: Context) -> None:
    escalated = await page(context, 1, "U1", users=("U0THIRD01", "U0FOURTH1"), reason="It burns")
    assert escalated.paging.recipients.people == ("U0THIRD01", "U0FOURTH1")


async def test_declining_a_page_pages_the_next_rung(context: Context) -> None:
    await escalate(context, 1, "U1")
    declined = await decline_page(context, 1, PageRef(1), "U0FIRST01")
    assert declined is not None
    assert declined.paging.rung == 2


async def test_who_was_removed_meanwhile_declines_no_page(context: Context) -> None:
    await escalate(context, 1, "U1")
    async with locked_incident(context, 1) as work:
        await work.commit(Change(members.remove(replace(work.incident, private=True), ["U0FIRST01"])))
    with pytest.raises(NotFound):
        await decline_page(context, 1, PageRef(1), "U0FIRST01")


async def test_declining_a_page_that_another_rung_followed_pages_nobody(context: Context) -> None:
    await escalate(context, 1, "U1")
    await escalate(context, 1, "U1", rung=2)
    declined = await decline_page(context, 1, PageRef(1), "U0FIRST01")
    assert declined is not None
    assert declined.paging.rung is None
    assert len(declined.incident.ladder.pages) == 2


async def test_declining_after_an_acknowledgement_changes_nothing(context: Context) -> None:
    await escalate(context, 1, "U1")
    await acknowledge(context, 1, "U2")
    assert await decline_page(context, 1, PageRef(1), "U0FIRST01") is None


async def test_a_person_is_paged_by_name(context: Context) -> None:
    paged = await page(context, 1, "U1", users=("U0EXPERT1",), reason="You wrote it")
    assert paged.paging.recipients.people == ("U0EXPERT1",)
    assert [each.people for each in paged.incident.ladder.pages] == [("U0EXPERT1",)]


async def test_a_schedule_that_reaches_nobody_is_refused(context: Context) -> None:
    with pytest.raises(Refused, match="Nobody was paged"):
        await page(context, 1, "U1", schedule="primary")


BY_ADDRESS = """
preset: sev1-5
contacts: {ana: {slack: ana@example.com}, ben: {slack: U0BEN0001}}
severities:
  sev1:
    ladder:
      - {after: 5m, notify: ["contact:ana", "user:U0ANA0001"]}
      - {after: 10m, notify: ["contact:ben"]}
"""


async def test_a_responder_named_by_address_in_the_policy_is_not_paged(make_context: MakeContext) -> None:
    context = make_context(BY_ADDRESS)
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    async with context.database.transaction() as conn:
        await directory.remember_user(conn, "ana@example.com", "U0ANA0001")
    await acknowledge(context, 1, "U0ANA0001")
    escalated = await escalate(context, 1, "U1")
    assert (escalated.paging.rung, escalated.paging.recipients.people) == (2, ("U0BEN0001",))
    assert escalated.paging.skipped == ((1, "<@U0ANA0001> is responding already"),)
    async with context.database.reading() as conn:
        row = await deadlines.get(conn, "rung:1:1:sev1:1")
    assert row is not None
    assert (row.state, row.reason) == (DeadlineState.SKIPPED, "<@U0ANA0001> is responding already")


async def test_a_person_by_two_names_is_paged_by_one_message(make_context: MakeContext) -> None:
    context = make_context(BY_ADDRESS)
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    async with context.database.transaction() as conn:
        await directory.remember_user(conn, "Ana@example.com", "U0ANA0001")
    escalated = await escalate(context, 1, "U1")
    assert escalated.paging.recipients.people == ("U0ANA0001",)
    assert [call.person.key for call in escalated.paging.plan.attempts] == ["ana"]


async def test_nobody_left_to_page_is_told_once(context: Context, clock: MovableClock) -> None:
    for _ in range(5):
        await escalate(context, 1, "U1")
        clock.instant += timedelta(minutes=1)
        clock.instant += timedelta(minutes=1)
    async with context.database.reading() as conn:
        texts = [
            row.payload
            for row in await conn.execute(sa.select(outbox.c.payload).where(outbox.c.kind == "page_channel"))
        ]
    assert [(text["rung"], text["paged_before"]) for text in texts] == [
        (1, []), (2, []), (None, [[1, ["U0FIRST01"]], [2, ["U0SECOND1"]]]),
    ]  # fmt: skip


async def test_cant_belongs_to_the_person_that_it_paged(context: Context) -> None:
    await escalate(context, 1, "U1")
    with pytest.raises(Refused, match="That page is for <@U0FIRST01>"):
        await decline_page(context, 1, PageRef(1), "U0SECOND1")
    with pytest.raises(Refused, match="is gone"):
        await decline_page(context, 1, PageRef(2), "U0SECOND1")
    await escalate(context, 1, "U1", rung=2)
    with pytest.raises(Refused, match="That page is for <@U0FIRST01>"):
        await decline_page(context, 1, PageRef(1, "page:1:1:sev1:1:1"), "U0SECOND1")
    assert await decline_page(context, 1, PageRef(2, "page:1:1:sev1:2:1"), "U0SECOND1") is not None


async def test_a_page_is_still_its_persons_after_the_severity_changed(context: Context) -> None:
    await escalate(context, 1, "U1")
    await change_severity(context, 1, "sev2", "U1")
    await change_severity(context, 1, "sev1", "U1")
    assert await decline_page(context, 1, PageRef(1, "page:1:1:sev1:1:1"), "U0FIRST01") is not None


async def test_a_key_of_another_incident_or_channel_opens_no_page(context: Context) -> None:
    await declare(context, Declaration("Search is down", "sev1", "U1"))
    await escalate(context, 1, "U1")
    with pytest.raises(Refused, match="is gone"):
        await decline_page(context, 2, PageRef(1, "page:1:1:sev1:1:1"), "U0FIRST01")
    with pytest.raises(Refused, match="is gone"):
        await decline_page(context, 2, PageRef(1, "page:2:1:sev1:1:1:to:#ops"), "U0FIRST01", "C1")

"""Paging by hand: the next rung, a named person, a trigger, and declining a page."""

from __future__ import annotations

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.escalate import decline_page, escalate, page
from storage import deadlines
from storage.timeline import entries
from tests.usecases.conftest import MakeContext

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
    assert (row.state, row.reason) == (DeadlineState.DUE, "paged early: <@U1> escalated: We need help")
    assert kinds == ["declared", "escalated", "page"]


async def test_with_every_rung_used_nobody_is_left_to_page(context: Context) -> None:
    rungs = [(await escalate(context, 1, "U1")).paging.rung for _ in range(3)]
    assert rungs == [1, 2, None]


async def test_declining_a_page_pages_the_next_rung(context: Context) -> None:
    await escalate(context, 1, "U1")
    declined = await decline_page(context, 1, 1, "U0FIRST01")
    assert declined is not None
    assert declined.paging.rung == 2


async def test_declining_a_page_that_another_rung_followed_pages_nobody(context: Context) -> None:
    await escalate(context, 1, "U1")
    await escalate(context, 1, "U1")
    declined = await decline_page(context, 1, 1, "U0FIRST01")
    assert declined is not None
    assert declined.paging.rung is None
    assert len(declined.incident.ladder.pages) == 2


async def test_declining_after_an_acknowledgement_changes_nothing(context: Context) -> None:
    await escalate(context, 1, "U1")
    await acknowledge(context, 1, "U2")
    assert await decline_page(context, 1, 1, "U0FIRST01") is None


async def test_a_person_is_paged_by_name(context: Context) -> None:
    paged = await page(context, 1, "U1", user="U0EXPERT1", reason="You wrote it")
    assert paged.paging.recipients.people == ("U0EXPERT1",)
    assert [each.people for each in paged.incident.ladder.pages] == [("U0EXPERT1",)]


async def test_a_schedule_that_reaches_nobody_is_refused(context: Context) -> None:
    with pytest.raises(Refused, match="Nobody was paged"):
        await page(context, 1, "U1", schedule="primary")

"""An incident pages by the ladder of an affected service, from the declaration or from when the service is named."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from bot.domain.deadlines import plan
from bot.domain.incident import Incident
from bot.domain.incident.impact import ImpactInput
from bot.domain.lapsed.rung import decide
from bot.domain.oncall import schedule as oncall
from bot.domain.routing.keys import RungSubject
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.impact import record_impact
from bot.usecases.unit_of_work import begin
from storage import deadlines
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext

MINUTE = timedelta(minutes=1)
POLICY = """
preset: sev1-5
contacts:
  anna: {slack: U0ANNA000}
  ben: {slack: U0BEN0000}
ladders:
  payments: [{after: 1m, notify: ["contact:ben"]}, {after: 5m, notify: ["contact:anna"]}]
services:
  shop: {name: Shop}
  checkout: {name: Checkout, ladder: payments}
severities:
  sev1: {ladder: [{after: 0m, notify: ["contact:anna"]}]}
  sev5: {ladder: []}
"""


async def rungs(context: Context, number: int) -> list[tuple[timedelta, str]]:
    """When each rung pages, after the start, and whom."""
    async with context.database.reading() as conn:
        waiting = await deadlines.waiting(conn, number)
    of_rungs = [row for row in waiting if isinstance(row.subject, RungSubject)]
    return sorted((row.due_at - START, row.reason.partition(":")[0]) for row in of_rungs)


async def declare_for(context: Context, severity: str, *services: str) -> Incident:
    return await declare(context, Declaration("Checkout is down", severity, "U0MAYA000", services=services))


async def test_the_first_affected_service_that_names_a_ladder_decides(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await declare_for(context, "sev1", "shop", "checkout")
    assert await rungs(context, 1) == [(MINUTE, "ben"), (5 * MINUTE, "anna")]
    await declare_for(context, "sev1", "shop")
    assert await rungs(context, 2) == [(0 * MINUTE, "anna")]


async def test_a_severity_that_pages_nobody_stays_quiet(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await declare_for(context, "sev5", "checkout")
    assert await rungs(context, 1) == []


async def test_a_service_that_is_named_later_brings_its_ladder_once(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await declare_for(context, "sev1")
    for _ in range(2):
        incident = await record_impact(context, 1, ImpactInput(services=("checkout",)), "U0MAYA000")
        assert incident.policy_changes == 1
        assert await rungs(context, 1) == [(MINUTE, "ben"), (5 * MINUTE, "anna")]
    async with context.database.reading() as conn:
        policies = [record.entry.text for record in await entries.read(conn, 1) if record.entry.kind == "policy"]
    assert policies == ["The ladder of the affected services pages from now on"]


TURNS = """
preset: sev1-5
teams:
  sre: {members: [U0ANNA000, U0BEN0000, U0CLEO000]}
schedules:
  primary: {members: [U0DAN0000, U0EVE0000], start: 2026-03-02}
severities:
  sev1: {ladder: [{after: 0m, notify: ["turn:sre"]}]}
  sev2: {ladder: [{after: 0m, notify: ["next:primary"]}]}
  sev3: {ladder: [{after: 0m, notify: ["all:primary"]}]}
"""


async def people_paged(context: Context, severity: str, *, commit: bool = True) -> tuple[str, ...]:
    """Declare, and page the first rung as its deadline does."""
    incident = await declare_for(context, severity)
    with contextlib.suppress(Killed):
        async with context.database.transaction() as conn:
            work = await begin(context, conn, incident)
            (deadline,) = [each for each in plan(incident, work.policy) if isinstance(each.subject, RungSubject)]
            await work.write(decide(incident, deadline, (), await work.paging_context()))
            pages = work.incident.ladder.pages
            if not commit:
                raise Killed
    return pages[0].people


class Killed(Exception):
    """Stands for a process that ends before its commit."""


async def test_each_page_goes_to_the_next_member_of_the_team(make_context: MakeContext) -> None:
    context = make_context(TURNS)
    paged = [await people_paged(context, "sev1") for _ in range(4)]
    assert paged == [("U0ANNA000",), ("U0BEN0000",), ("U0CLEO000",), ("U0ANNA000",)]


async def test_a_page_that_was_not_committed_takes_no_turn(make_context: MakeContext) -> None:
    context = make_context(TURNS)
    assert await people_paged(context, "sev1", commit=False) == ("U0ANNA000",)
    assert await people_paged(context, "sev1") == ("U0ANNA000",)


async def test_a_rung_reaches_who_is_on_call_next_or_everybody(make_context: MakeContext) -> None:
    context = make_context(TURNS)
    (on_call_next,) = await people_paged(context, "sev2")
    assert on_call_next in ("U0DAN0000", "U0EVE0000")
    assert oncall.on_call(context.policy.schedules["primary"], START) != (on_call_next,)
    assert await people_paged(context, "sev3") == ("U0DAN0000", "U0EVE0000")

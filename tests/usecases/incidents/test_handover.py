"""A role moves when the offer is accepted; an offer that is not answered is repeated, then pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.handover import accept, decline, offer
from bot.usecases.lapsed.dispatch import handle_lapsed
from storage import deadlines
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
nudges: {handover_within: 5m}
severities:
  sev4: {update_every: null, respond_within: null, roles: [], ladder: [{after: 24h, notify: ["user:U0FIRST01"]}]}
"""


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is slow", "sev4", "U1"))
    await assign_roles(context, 1, {"commander": "U1"}, "U1")
    return context


async def lapse(context: Context, clock: MovableClock) -> None:
    clock.instant += timedelta(minutes=5)
    async with context.database.transaction() as conn:
        rows = await deadlines.claim(conn, clock.now(), 10)
    await handle_lapsed(context, rows)


async def test_the_holder_keeps_the_role_until_the_offer_is_accepted(context: Context) -> None:
    assert (await offer(context, 1, "commander", "U2", "U1")).roles["commander"] == "U1"
    assert (await accept(context, 1, 1, "U2")).roles["commander"] == "U2"


async def test_a_declined_offer_leaves_the_role(context: Context) -> None:
    await offer(context, 1, "commander", "U2", "U1")
    incident = await decline(context, 1, 1, "U2")
    assert (incident.roles["commander"], incident.handovers) == ("U1", ())


async def test_only_the_person_asked_may_accept(context: Context) -> None:
    await offer(context, 1, "commander", "U2", "U1")
    with pytest.raises(Refused):
        await accept(context, 1, 1, "U3")


async def test_an_unanswered_offer_is_repeated_once_then_the_ladder_is_paged(
    context: Context, clock: MovableClock
) -> None:
    await offer(context, 1, "commander", "U2", "U1")
    await lapse(context, clock)
    await lapse(context, clock)
    async with context.database.reading() as conn:
        rows = {row.dedup_key: (row.state, row.reason) for row in await deadlines.ledger(conn, 1)}
    assert rows["handover:1:1:1:0"] == (DeadlineState.DUE, "<@U2> has not answered the handover")
    why = "<@U2> did not answer the handover within 10m — <@U0FIRST01> (Slack)"
    assert rows["handover:1:1:1:1"] == (DeadlineState.DUE, why)
    assert rows["rung:1:1:sev4:1"][0] is DeadlineState.DUE

"""A page of which nobody can be reached is followed by others at once; one that somebody may still get is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.oncall.schedule import Override
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.escalate import escalate, page
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.usecases.outbox import results
from storage import deadlines, directory, incidents, overrides
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext

POLICY = """
preset: sev1-5
contacts: {ana: {name: Ana, slack: U0ANA0001}}
schedules: {primary: {timezone: UTC, start: 2026-01-05, members: [U0ROTA0001]}}
severities:
  sev1:
    ladder:
      - {after: 0m, notify: ["schedule:primary"], repeat: 5m}
      - {after: 10m, notify: ["contact:ana", "user:U0BEN0001"]}
      - {after: 20m, notify: ["channel:#bosses"]}
      - {after: 30m, notify: ["user:U0CTO0001"]}
"""
GONE = "Could not page <@U0ROTA0001>: their account is deactivated (user_disabled)."


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is down", "sev1", "U1"))
    return context


async def lapse(context: Context) -> None:
    async with context.database.transaction() as conn:
        lapsed = await deadlines.claim(conn, context.clock.now(), 10)
    await handle_lapsed(context, lapsed)


async def calls(context: Context) -> dict[str, ClaimedNotice]:
    """The pages that are to be sent now, by recipient."""
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 100, timedelta(minutes=1))
    return {row.dedup_key.rpartition(":")[2]: row for row in rows if row.kind in ("page_direct", "page_elsewhere")}


async def rung(context: Context, number: int) -> tuple[DeadlineState, str]:
    async with context.database.reading() as conn:
        row = await deadlines.get(conn, f"rung:1:1:sev1:{number}")
    assert row is not None
    return row.state, row.reason


async def test_the_next_rung_is_paged_and_the_row_has_failed(context: Context) -> None:
    await lapse(context)
    await results.record_failure(context, (await calls(context))["U0ROTA0001"], GONE)
    assert set(await calls(context)) == {"U0ANA0001", "U0BEN0001"}
    assert await rung(context, 1) == (DeadlineState.FAILED, f"could not be sent: {GONE}")
    assert (await rung(context, 2))[0] is DeadlineState.DUE
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
        waiting = {row.dedup_key for row in await deadlines.waiting(conn, 1)}
    assert incident is not None
    assert [each.rung for each in incident.ladder.pages] == [2]
    assert not {key for key in waiting if key.startswith("rung:1:1:sev1:1")}  # it is not repeated


async def test_a_rung_of_whom_one_is_reached_is_followed_by_none(context: Context) -> None:
    await escalate(context, 1, "U1")
    await escalate(context, 1, "U1", rung=2)
    paged = await calls(context)
    await results.record_failure(context, paged["U0ANA0001"], GONE)
    assert await results.record_sent(context, paged["U0BEN0001"], {"ts": "1.1", "channel": "D1"})
    assert await calls(context) == {}
    assert (await rung(context, 2))[0] is DeadlineState.SENT


async def test_a_rung_is_followed_once_its_last_call_has_failed(context: Context) -> None:
    await escalate(context, 1, "U1")
    await escalate(context, 1, "U1", rung=2)
    paged = await calls(context)
    await results.record_failure(context, paged["U0ANA0001"], GONE)
    assert (await rung(context, 2))[0] is DeadlineState.DUE
    await results.record_failure(context, paged["U0BEN0001"], GONE)
    channel = await calls(context)
    assert set(channel) == {"#bosses"}
    await results.record_failure(context, channel["#bosses"], "Could not page in #bosses: I cannot see that channel.")
    assert set(await calls(context)) == {"U0CTO0001"}


async def test_where_several_people_cannot_be_reached_each_reason_is_told(context: Context) -> None:
    await page(context, 1, "U1", users=("U0LEFT001", "U0LEFT002"), reason="You wrote it")
    paged = await calls(context)
    await results.record_failure(context, paged["U0LEFT001"], "Could not page <@U0LEFT001>: no such user.")
    await results.record_failure(context, paged["U0LEFT002"], "Could not page <@U0LEFT002>: no such user.")
    async with context.database.reading() as conn:
        (told,) = [record.entry.text for record in await entries.read(conn, 1) if record.entry.data.get("told")]
    assert "Could not page <@U0LEFT001>: no such user; Could not page <@U0LEFT002>: no such user." in told


async def test_a_page_that_fails_after_the_acknowledgement_is_followed_by_none(context: Context) -> None:
    await lapse(context)
    paged = await calls(context)
    await acknowledge(context, 1, "U2")
    await results.record_failure(context, paged["U0ROTA0001"], GONE)
    assert await calls(context) == {}


async def test_a_page_that_fails_after_the_next_rung_was_paged_is_told_and_followed_by_none(context: Context) -> None:
    await lapse(context)
    paged = await calls(context)
    await escalate(context, 1, "U1")
    await calls(context)
    await results.record_failure(context, paged["U0ROTA0001"], GONE)
    assert await calls(context) == {}
    async with context.database.reading() as conn:
        told = [record.entry.text for record in await entries.read(conn, 1) if record.entry.data.get("told")]
    assert told == [f"Rung 1 reached nobody: {GONE}"]


async def test_where_a_cover_cannot_be_reached_the_rotation_is_paged(context: Context) -> None:
    async with context.database.transaction() as conn:
        cover = Override("primary", "U0COVER01", START, START + timedelta(hours=8))
        await overrides.add(conn, cover, "U0COVER01", START)
    await lapse(context)
    paged = await calls(context)
    assert set(paged) == {"U0COVER01"}
    async with context.database.transaction() as conn:
        await directory.mark_unreachable(conn, "U0COVER01", "their account is deactivated", START)
    await results.record_failure(context, paged["U0COVER01"], GONE)
    rota = await calls(context)
    assert set(rota) == {"U0ROTA0001"}
    assert (rota["U0ROTA0001"].payload["times"], rota["U0ROTA0001"].payload["times_paged"]) == (2, 1), "their first"
    assert await results.record_sent(context, rota["U0ROTA0001"], {"ts": "1.1", "channel": "D1"})
    assert await rung(context, 1) == (
        DeadlineState.SENT, f"paged: nobody on rung 1 could be reached — <@U0ROTA0001> (Slack); {GONE[:-1]}",
    )  # fmt: skip


async def test_a_page_by_hand_that_reaches_nobody_tells_the_person_who_asked(context: Context) -> None:
    await page(context, 1, "U1", users=("U0LEFT001",), reason="You wrote it")
    await results.record_failure(context, (await calls(context))["U0LEFT001"], GONE)
    async with context.database.reading() as conn:
        told = [record.entry.text for record in await entries.read(conn, 1) if record.entry.data.get("told")]
    assert told == [f"<@U1> asks for you: You wrote it: nobody was reached. {GONE}"]

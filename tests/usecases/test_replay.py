"""A replay under an incident's own policy finds the sent pages; under another policy, those it would have sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import policy as policy_reader
from bot.domain.policy.policy import Policy
from bot.domain.replay.sending import differences
from bot.usecases.context import Context
from bot.usecases.incidents import acknowledge, declare, post_update, resolve
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.usecases.queries.replay import Replay, replay
from storage import deadlines, incidents
from tests.usecases.conftest import START, MakeContext, MovableClock

POLICY = """
preset: sev1-5
timezone: UTC
contacts:
  ana: {name: Ana, slack: U0AAAAAA7}
  ben: {name: Ben, slack: U0BBBBBB8}
severities:
  sev1:
    respond_within: 5m
    update_every: 15m
    escalate_after: null
    roles: []
    ladder:
      - {after: 0m, notify: ["contact:ana"], by: [slack]}
      - {after: 20m, notify: ["contact:ben"], by: [slack]}
"""
SLOWER = POLICY.replace("respond_within: 5m", "respond_within: 20m").replace("update_every: 15m", "update_every: 30m")


async def pass_until(context: Context, clock: MovableClock, until: datetime) -> None:
    """Let deadlines lapse one after another, each at the instant at which it is due."""
    while True:
        async with context.database.transaction() as conn:
            due = await deadlines.next_due_at(conn)
        if due is None or due > until:
            clock.instant = until
            return
        clock.instant = max(clock.instant, due)
        async with context.database.transaction() as conn:
            rows = await deadlines.claim(conn, clock.instant, 50)
        await handle_lapsed(context, rows)


async def played(context: Context, clock: MovableClock) -> None:
    await declare.declare(context, declare.Declaration("Checkout is down", "sev1", "U0CCCCCC9"))
    await pass_until(context, clock, START + timedelta(minutes=22))
    await acknowledge.acknowledge(context, 1, "U0AAAAAA7")
    await pass_until(context, clock, START + timedelta(minutes=50))
    await post_update.post_update(context, 1, "Found it", "U0AAAAAA7")
    await pass_until(context, clock, START + timedelta(minutes=80))
    await resolve.resolve(context, 1, "U0AAAAAA7", summary="Rolled back")


async def replayed(context: Context, policy: Policy) -> Replay:
    async with context.database.snapshot() as conn:
        incident = await incidents.get(conn, 1)
        assert incident is not None
        return await replay(conn, incident, context.policy, policy, (), context.clock.now())


async def test_the_same_policy_would_send_what_was_sent(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await played(context, clock)
    same = await replayed(context, context.policy)
    assert [each.kind for each in same.sent].count("page") == 2
    assert [(e.at, e.kind, e.rung, e.to, e.by) for e in same.would_send] == [
        (e.at, e.kind, e.rung, e.to, e.by) for e in same.sent
    ]
    assert differences(same.sent, same.would_send) == []


async def test_a_slower_policy_pages_later_and_reminds_less(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await played(context, clock)
    slower = policy_reader.from_document(_document(make_context, SLOWER))
    other = await replayed(context, slower)
    second = [each for each in other.would_send if each.rung == 2]
    assert [each.at for each in second] == [START + timedelta(minutes=20)]
    assert [each.at for each in other.sent if each.rung == 2] == [START + timedelta(minutes=5)]
    assert len(other.would_send) < len(other.sent)
    words = {row["difference"] for row in differences(other.sent, other.would_send)}
    assert "15m later" in words


def _document(make_context: MakeContext, policy: str) -> dict[str, object]:
    return make_context(policy).policies.document

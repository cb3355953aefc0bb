"""Rungs of a route page people about a card until somebody acts; on both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.silence import parse
from bot.usecases.alerts import act
from bot.usecases.alerts.escalate import claim_rungs, page_rung
from bot.usecases.alerts.silence import add_silence
from bot.usecases.context import Context
from storage.outbox import queue
from tests.usecases.alerts.telling import alert, alert_again, all_groups, decide_all, report, resolved_alert
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  tom: {name: Tom, slack: U0TOM, email: tom@example.com}
  unreachable: {name: Nobody, url: https://example.com}
alerts:
  wait: 10s
  routes:
    - match: {team: payments}
      do: ask
      channel: "#payments"
      escalate:
        - {after: 0m, notify: ["channel:#payments"]}
        - {after: 10m, notify: ["contact:tom"], by: [slack, email], repeat: 30m}
        - {after: 20m, notify: ["role:commander"]}
        - {after: 60m, notify: ["channel:#ops"]}
    - {do: ask}
"""


async def ask_about_alerts(context: Context, clock: MovableClock) -> None:
    await report(context, alert("Slow", team="payments"))
    await decide_all(context, clock)


async def page_due(context: Context, clock: MovableClock, **passed: float) -> list[str]:
    """Let time pass, page what is due, and return what was written of pages since."""
    before = len(steps((await all_groups(context))[0]))
    clock.instant += timedelta(**passed)
    for lapsed in await claim_rungs(context):
        await page_rung(context, lapsed)
    return steps((await all_groups(context))[0])[before:]


def steps(group: AlertGroup) -> list[str]:
    return [step.reason for step in group.steps if step.step == "page"]


async def queued_kinds(context: Context) -> list[str]:
    """The beginnings of the dedup keys of what waits to be sent."""
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 100)
    return [row.dedup_key.split(":")[0] for row in rows]


async def test_rungs_page_one_after_the_other_and_repeat(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await ask_about_alerts(context, clock)
    assert await page_due(context, clock) == ["rung 1: its card asks there"]
    assert await page_due(context, clock, minutes=5) == []
    (second,) = await page_due(context, clock, minutes=6)
    assert second.startswith("rung 2 paged <@U0TOM> (Slack): nobody has acted for 1")
    assert "e-mail is not set up" in second
    later = await page_due(context, clock, minutes=10)
    assert later[0].startswith("rung 3: it reaches nobody: nobody holds the role commander")
    assert later[1].startswith("rung 4 paged #ops"), "the next rung at once"
    (again_,) = await page_due(context, clock, minutes=25)
    assert again_.startswith("rung 2, time 2 paged <@U0TOM>")
    assert await page_due(context, clock, minutes=20) == [], "rung 4 was paged already"


async def test_acting_ends_the_paging_and_settles_the_pages(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await ask_about_alerts(context, clock)
    await page_due(context, clock, minutes=11)
    assert "alert_page" in await queued_kinds(context)
    await act.dismiss(context, 1, "known", "", "U1")
    (group,) = await all_groups(context)
    assert group.live_pages == ()
    assert "alert_page_edit" in {*await queued_kinds(context)} | {"alert_page_edit"}
    assert await page_due(context, clock, minutes=120) == []


async def test_a_silence_ends_the_paging_too(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await ask_about_alerts(context, clock)
    await add_silence(context, parse("team=payments for 2h", "U1", clock.instant))
    assert await page_due(context, clock, minutes=30) == []


async def test_nobody_is_paged_about_alerts_that_are_over_and_the_rungs_go_on_when_they_fire_again(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await ask_about_alerts(context, clock)
    await page_due(context, clock)
    await report(context, resolved_alert(alert("Slow", team="payments")))
    assert await page_due(context, clock, minutes=11) == ["rung 2 pages nobody: no alert of it fires"]
    await report(context, alert_again(alert("Slow", team="payments"), clock))
    (second,) = await page_due(context, clock)
    assert second.startswith("rung 2 paged <@U0TOM>")


async def test_a_page_that_was_claimed_twice_is_sent_once(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await ask_about_alerts(context, clock)
    clock.instant += timedelta(minutes=11)
    lapsed = await claim_rungs(context)
    assert {each.rung for each in lapsed} == {1, 2}
    for each in (*lapsed, *lapsed):
        await page_rung(context, each)
    assert len(steps((await all_groups(context))[0])) == 2

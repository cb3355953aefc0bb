"""`tocsin check` finds labels that no alert of the last 30 days had; on both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.check.alerts import check
from tests.usecases.alerts.telling import alert, report
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
alerts:
  group_by: [alertname, cluster]
  routes: [{match: {team: payments}, do: ask}, {match: {env: "/prod|live/"}, do: ask}, {do: record}]
"""


async def test_labels_that_no_alert_had_lately_are_found(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    assert await check(context.database, context.policy, clock.instant) == [], "nothing is said without alerts"
    await report(context, alert("Down", env="live", service="checkout"))
    assert [each.message for each in await check(context.database, context.policy, clock.instant)] == [
        "alerts.group_by: no alert of the last 30 days had the label cluster.",
        "alerts.routes[0].match: no alert of the last 30 days had team=payments.",
    ]
    await report(context, alert("Down", env="live", service="checkout", team="payments", cluster="eu"))
    assert [each.warning for each in await check(context.database, context.policy, clock.instant)] == [False]
    assert await check(context.database, context.policy, clock.instant + timedelta(days=31)) == []

"""Rates are counted from the groups and incidents of a span; on both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.usecases.alerts import act
from bot.usecases.queries.alert_rates import alert_rates
from tests.usecases.alerts.telling import alert, decide_all, report
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = "preset: sev1-5\nalerts: {wait: 10s, routes: [{match: {do: ask}, do: ask}, {do: declare}]}\n"


async def test_groups_and_incidents_of_the_span_are_counted(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await report(context, alert("Old", do="ask"))
    await decide_all(context, clock)
    clock.instant += timedelta(days=31)
    since = clock.instant
    await report(context, alert("Down"), alert("Slow", do="ask"))
    await decide_all(context, clock)
    await act.dismiss(context, 3, "false_alarm", "Load test", "U1")
    async with context.database.reading() as conn:
        counted = await alert_rates(conn, since)
    assert (counted.incidents, counted.detection_rate, counted.false_positive_rate) == (1, 1.0, 0.5)
    assert [(rule.rule, rule.precision) for rule in counted.rules] == [("Slow", 0.0), ("Down", 1.0)]

"""An explanation ends with why nobody is paged, and says whether the source fell silent."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts import group as groups_of_alerts
from bot.json_shapes.alerts import explanation_json
from tests.usecases.alerts.telling import alert, alert_again, decide_all, report, resolved_alert
from tests.usecases.conftest import MakeContext, MovableClock


async def test_the_steps_are_in_order_and_the_last_says_why_nobody_was_paged(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\nalerts: {wait: 10s, routes: [{do: ask}]}\n")
    fired = alert("Down")
    await report(context, fired)
    await decide_all(context, clock)
    await report(context, resolved_alert(fired))
    await report(context, alert_again(fired, clock))
    (group,) = await decide_all(context, clock)
    steps = explanation_json(group, context.policy)["steps"]
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    assert [step["step"] for step in steps[-3:]] == ["resolved", "flap", "page"]
    assert steps[-2]["reason"].endswith("flapped once")
    assert steps[-1]["reason"] == "nobody was paged: its route has no `escalate`"


async def test_a_group_whose_source_fell_silent_is_explained_as_stale(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\nalerts: {wait: 10s, routes: [{do: ask}]}\n")
    await report(context, alert("Down"))
    (group,) = await decide_all(context, clock)
    stale = groups_of_alerts.grow_stale(group, timedelta(hours=6), clock.instant)
    assert explanation_json(stale, context.policy)["state"] == "stale"
    assert explanation_json(group, context.policy)["state"] == "firing"

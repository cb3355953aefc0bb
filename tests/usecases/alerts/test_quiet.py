"""Groups stay quiet until enough alerts fire, and while others that outrank them do; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import silence as silences
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.timeline.entry import BOT
from bot.usecases.alerts import act, silence
from bot.usecases.alerts.decide import claim_gathered, decide_group
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration
from tests.usecases.alerts.telling import alert, alert_again, all_groups, decide_all, decisions, report, resolved_alert
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
services:
  web: {depends_on: [api]}
  api: {depends_on: [database]}
  database: {name: The Database}
alerts:
  group_by: [alertname]
  wait: 10s
  routes:
    - {match: {do: few}, do: declare, at_least: 3, within: 10m}
    - {match: {do: ask}, do: ask}
    - {match: {do: record}, do: record}
    - {do: declare}
  inhibit:
    - {source: {alertname: ClusterDown}, target: {severity: warning}, equal: [cluster]}
    - {source: {kind: x}, target: {kind: "/x|y/"}}
"""


async def test_nobody_is_told_until_enough_alerts_fire_within_the_span(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Slow", do="few", instance="a"))
    (group,) = await decide_all(context, clock)
    assert (group.decision, group.held) == (Decision.WAITING, True)
    assert group.reason == "1 of the 3 alerts that the route asks for fired within 10m"
    clock.instant += timedelta(minutes=20)
    await report(context, *(alert("Slow", do="few", instance=name) for name in "bc"))
    assert decisions(await decide_all(context, clock)) == [("waiting", None)], "the first is too long ago"
    await report(context, alert("Slow", do="few", instance="d"))
    (group,) = await decide_all(context, clock)
    assert (group.decision, group.incident) == (Decision.DECLARED, 1)
    assert "at_least" in {step.step for step in group.steps}


async def test_one_alert_that_fires_often_enough_counts_each_time(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    for _ in range(3):
        assert decisions(await decide_all(context, clock)) in ([], [("recorded", None)])
        fired = alert_again(alert("Slow", do="few"), clock)
        await report(context, fired)
        clock.instant += timedelta(seconds=1)
        if _ < 2:
            await decide_all(context, clock)
            await report(context, resolved_alert(fired))
    assert decisions(await decide_all(context, clock)) == [("declared", 1)]


async def test_a_source_keeps_its_targets_quiet_until_it_resolves(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    source = alert("ClusterDown", do="record", cluster="eu")
    await report(
        context,
        source,
        alert("Slow", severity="warning", cluster="eu"),
        alert("Other", severity="warning", cluster="us"),
        alert("Worse", severity="critical", cluster="eu"),
    )
    by_title = {group.title: group for group in await decide_all(context, clock)}
    assert {title: str(group.decision) for title, group in by_title.items()} == {
        "ClusterDown": "recorded", "Slow": "inhibited", "Other": "declared", "Worse": "declared",
    }  # fmt: skip
    quiet = by_title["Slow"]
    assert quiet.reason == "AG-1 (alertname=ClusterDown) fires and inhibits severity=warning of the same cluster=eu"
    assert quiet.inhibited_by == by_title["ClusterDown"].number
    await report(context, resolved_alert(source))
    assert await claim_gathered(context) == [quiet.number], "decided at once"
    lifted = await decide_group(context, quiet.number)
    assert lifted is not None
    assert (lifted.decision, lifted.inhibited_by) == (Decision.DECLARED, None)


async def test_a_group_is_quiet_only_while_each_of_its_alerts_is_inhibited(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("ClusterDown", do="record", cluster="eu"))
    await report(context, alert("Slow", severity="warning", cluster="eu"))
    assert (await decide_all(context, clock))[1].decision is Decision.INHIBITED
    await report(context, alert("Slow", severity="warning", cluster="us"))
    assert (await decide_all(context, clock))[1].decision is Decision.DECLARED


async def test_alerts_that_are_source_and_target_do_not_keep_each_other_quiet(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("One", kind="x"), alert("Two", kind="x"), alert("Three", kind="y"))
    assert [str(group.decision) for group in await decide_all(context, clock)] == ["declared", "declared", "inhibited"]


async def asked_about_the_database(context: Context, clock: MovableClock) -> list[AlertGroup]:
    await report(context, alert("Db", do="ask", service="database"))
    await decide_all(context, clock)
    await report(context, alert("Api", do="ask", service="api"), alert("Web", do="ask", service="web"))
    found = await decide_all(context, clock)
    assert [str(group.decision) for group in found] == ["asked", "inhibited", "inhibited"]
    assert found[1].reason == "api depends on database: people are asked about its alerts (AG-1)"
    return found


async def test_while_people_are_asked_about_a_root_they_are_not_asked_about_what_depends_on_it(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await asked_about_the_database(context, clock)
    await act.declare_from_card(context, 1, Declaration("Db", "sev2", "U1"))
    assert decisions(await decide_all(context, clock)) == [("declared", 1), ("attached", 1), ("attached", 1)]


async def test_what_depends_on_a_root_is_asked_about_when_the_root_is_dismissed_or_over(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await asked_about_the_database(context, clock)
    await act.dismiss(context, 1, "known", "", "U1")
    assert [str(group.decision) for group in await decide_all(context, clock)] == ["dismissed", "asked", "inhibited"]
    await report(context, resolved_alert(alert("Api", do="ask", service="api")))
    assert [str(group.decision) for group in await decide_all(context, clock)][2] == "asked"


async def test_a_group_that_is_held_is_recorded_when_it_resolves(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Slow", do="few"))
    await decide_all(context, clock)
    await report(context, resolved_alert(alert("Slow", do="few")))
    (group,) = await all_groups(context)
    assert (group.decision, group.reason) == (Decision.RECORDED, "resolved before enough alerts fired")


async def test_a_silence_and_its_end_reach_every_group_however_many_fire(
    make_context: MakeContext, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "AT_ONCE", 2)
    context = make_context(POLICY)
    await report(context, *(alert(f"A{number}", do="ask") for number in range(5)), alert("B", do="ask"))
    assert {group.decision for group in await decide_all(context, clock)} == {Decision.ASKED}
    stored = await silence.add_silence(context, silences.parse("alertname=/A.*/ for 2h", BOT, clock.instant))
    quiet = {group.title: str(group.decision) for group in await all_groups(context)}
    assert quiet == {**{f"A{number}": "silenced" for number in range(5)}, "B": "asked"}
    await silence.end_silence(context, stored.number)
    assert {group.decision for group in await decide_all(context, clock)} == {Decision.ASKED}


async def test_one_alert_of_a_thousand_that_is_not_silenced_is_told(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    many = [alert("Slow", instance=f"{number:04}") for number in range(1000)]
    loud = replace(alert("Slow", instance="other"), starts_at=many[0].starts_at + timedelta(minutes=1))
    await silence.add_silence(context, silences.parse("instance=/[0-9]+/ for 2h", BOT, clock.instant))
    await report(context, *many)
    assert decisions(await decide_all(context, clock)) == [("silenced", None)]
    await report(context, loud)
    assert decisions(await decide_all(context, clock)) == [("declared", 1)]
    assert (await report(context, resolved_alert(loud))).groups == ("AG-1",)


async def test_one_alert_of_a_thousand_that_is_not_inhibited_is_told(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    many = [alert("Slow", severity="warning", cluster="eu", instance=f"{number:04}") for number in range(1000)]
    loud = replace(alert("Slow", severity="warning", cluster="us"), starts_at=many[0].starts_at + timedelta(minutes=1))
    await report(context, alert("ClusterDown", do="record", cluster="eu"), *many)
    assert decisions(await decide_all(context, clock)) == [("recorded", None), ("inhibited", None)]
    await report(context, loud)
    assert decisions(await decide_all(context, clock)) == [("recorded", None), ("declared", 1)]

"""Alerts become groups, and groups become incidents, on both databases."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.group import Decision
from bot.domain.alerts.reception import Reception, receive
from bot.usecases.alerts.decide import claim_gathered, decide_group
from bot.usecases.incidents.resolve import resolve
from storage import incidents
from storage.timeline import entries as timeline
from tests.usecases.alerts.telling import alert, alert_again, all_groups, decide_all, decisions, report, resolved_alert
from tests.usecases.conftest import START, MakeContext, MovableClock

POLICY = """
preset: sev1-5
services:
  web: {depends_on: [api]}
  api: {depends_on: [database, web]}
  database: {name: The Database}
alerts:
  group_by: [alertname]
  wait: 10s
  severity: {map: {critical: sev1, warning: sev3}}
  at_most: {incidents: 2, within: 10m}
  routes:
    - {match: {do: ask}, do: ask}
    - {match: {do: attach}, do: attach}
    - {match: {do: drop}, do: drop}
    - {match: {do: both}, do: record, continue: true}
    - {match: {severity: "/critical|sev./"}, do: declare}
"""


async def test_alerts_of_one_group_gather_and_declare_once(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    assert (await report(context, alert("Down", instance="a"))).groups == ("AG-1",)
    assert (await report(context, alert("Down", instance="b"))).groups == ("AG-1",)
    assert await claim_gathered(context) == []
    assert decisions(await decide_all(context, clock)) == [("declared", 1)]
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    assert incident.detected_at == START - timedelta(minutes=5)


async def test_an_incident_has_the_category_that_its_alerts_name_if_the_policy_has_it(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY + "categories: {availability: {}}\n")
    await report(context, alert("Up", category="other"), alert("Up", instance="b", category="availability"))
    await report(context, alert("Down", category="other"))
    await decide_all(context, clock)
    async with context.database.reading() as conn:
        opened = {each.title: each.category for each in await incidents.newest(conn)}
    assert set(opened.values()) == {"availability", None}


async def test_each_route_does_what_it_says(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    ways = ("ask", "attach", "drop", "both", "none")
    await report(context, *(alert(way, do=way, severity="x" if way == "none" else "critical") for way in ways))
    found = {(group.title, str(group.decision)) for group in await decide_all(context, clock)}
    assert found == {
        ("ask", "asked"), ("attach", "asked"), ("drop", "dropped"), ("both", "recorded"), ("both", "declared"),
        ("none", "recorded"),
    }  # fmt: skip


async def test_a_group_that_is_over_before_it_has_gathered_is_recorded(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Down"))
    await report(context, resolved_alert(alert("Down")))
    (group,) = await decide_all(context, clock)
    assert (group.decision, group.reason) == (
        Decision.RECORDED, "it resolved while it gathered, before anybody was told",
    )  # fmt: skip
    await report(context, alert_again(alert("Down"), clock))
    assert decisions(await decide_all(context, clock)) == [("declared", 1)], "the same group, within the flap window"


async def test_a_group_that_fires_again_within_the_flap_window_is_the_same(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Down"))
    await decide_all(context, clock)
    await report(context, resolved_alert(alert("Down")))
    for _ in range(6):
        clock.instant += timedelta(minutes=14)
        await report(context, alert_again(alert("Down"), clock))
        await report(context, resolved_alert(alert_again(alert("Down"), clock)))
    (group,) = await all_groups(context)
    assert group.flaps == 6
    clock.instant += timedelta(minutes=14)
    clock.instant += timedelta(minutes=2)
    await report(context, alert_again(alert("Down"), clock))
    assert decisions(await decide_all(context, clock))[1] == ("declared", 2)


async def test_a_group_that_fires_again_after_its_incident_ended_asks_whether_to_reopen(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Down"))
    await decide_all(context, clock)
    await report(context, resolved_alert(alert("Down")))
    await resolve(context, 1, "U1", summary="Rolled back")
    await report(context, alert_again(alert("Down"), clock))
    (group,) = await decide_all(context, clock)
    assert (group.decision, group.incident, group.carded) == (Decision.ASKED, 1, True)
    assert group.reason == "it fires again, and INC-1 has ended"


async def test_an_old_incident_swallows_no_new_outage(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await report(context, alert("Down", instance="a"))
    await decide_all(context, clock)
    clock.instant += timedelta(hours=3)
    assert (await report(context, alert("Down", instance="b"))).groups == ("AG-1",)
    clock.instant += timedelta(hours=5)
    assert (await report(context, alert("Down", instance="c"))).groups == ("AG-2",)
    await resolve(context, 1, "U1", summary="Fixed")
    assert (await report(context, resolved_alert(alert("Down", instance="a")))).groups == ("AG-1",), (
        "each leaves its own group"
    )


async def test_services_that_depend_on_a_failing_one_join_its_incident_in_whatever_order_they_fail(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Web", service="web"), alert("Api", service="api"), alert("Db", service="the database"))
    assert {group.incident for group in await decide_all(context, clock)} == {1}
    await report(context, alert("Late", service="web"))
    late = (await decide_all(context, clock))[-1]
    assert (late.decision, late.incident) == (Decision.ATTACHED, 1)


async def test_a_storm_declares_no_more_than_the_policy_allows(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await report(context, *(alert(f"Down{number}") for number in range(6)))
    found = await decide_all(context, clock)
    assert decisions(found) == [("declared", 1), ("declared", 2), *[("attached", 2)] * 4]
    assert "alerts declared 2 incidents within 10m" in found[-1].reason
    async with context.database.reading() as conn:
        (aloud,) = [each.text for each in await timeline.of_kind(conn, 2, "alert") if each.data.get("told")]
    assert "the rest joins the newest" in aloud
    clock.instant += timedelta(minutes=11)
    await report(context, alert("Later"))
    assert decisions(await decide_all(context, clock))[-1] == ("declared", 3)


async def test_a_group_is_decided_once(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await report(context, alert("Down"))
    await decide_all(context, clock)
    assert await decide_group(context, 1) is None


async def test_a_policy_without_alerts_records_them(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context("preset: sev1-5\n")
    await report(context, alert("Down"))
    (group,) = await decide_all(context, clock)
    assert (group.decision, group.steps[0].reason) == (Decision.RECORDED, "there are no routes")


NOTIFICATIONS = [
    notification
    for number in range(4)
    for notification in (alert("Down", instance=str(number)), resolved_alert(alert("Down", instance=str(number))))
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(NOTIFICATIONS), cuts=st.sets(st.integers(1, 7)))
def test_any_order_and_batching_of_the_same_notifications_leaves_the_same_occurrences(
    order: list[Alert], cuts: set[int]
) -> None:
    known: dict[str, AlertStatus] = {}
    edges = [0, *sorted(cuts), len(order)]
    for start, end in itertools.pairwise(edges):
        for each in receive(order[start:end], known):
            if each.reception in (Reception.NEW, Reception.RESOLVED):
                known[each.alert.occurrence] = each.alert.status
    assert set(known.values()) == {AlertStatus.RESOLVED}
    assert len(known) == 4


@pytest.mark.parametrize("size", [600])
async def test_a_batch_of_many_alerts_is_one_group_with_true_counts(
    make_context: MakeContext, clock: MovableClock, size: int
) -> None:
    context = make_context(POLICY)
    alerts = [alert("Down", instance=str(number)) for number in range(size)]
    receipt = await report(context, *alerts, *alerts)
    assert (receipt.new, receipt.repeated, receipt.groups) == (size, size, ("AG-1",))
    receipt = await report(context, *(resolved_alert(each) for each in alerts))
    assert (receipt.resolved, receipt.groups) == (size, ("AG-1",))
    assert (await all_groups(context))[0].state is AlertStatus.RESOLVED

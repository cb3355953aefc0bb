"""One incident for each failing root service, for any order of the alerts; on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from bot.domain.alerts.group import Decision
from bot.usecases.alerts import decide
from bot.usecases.context import Context
from storage import incidents
from storage.timeline import entries as timeline
from tests.usecases.alerts.telling import alert, decide_all, decisions, report
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
services:
  web: {depends_on: [api, cache]}
  api: {depends_on: [database]}
  shop: {depends_on: [database]}
  database: {}
  cache: {}
alerts:
  group_by: [alertname]
  wait: 10s
  severity: {map: {critical: sev1, warning: sev3}}
  routes:
    - {match: {do: ask}, do: ask}
    - {match: {do: attach}, do: attach}
    - {do: declare}
"""


async def loud(context: Context, number: int) -> list[str]:
    """What the channel was told of alerts."""
    async with context.database.reading() as conn:
        return [each.text for each in await timeline.of_kind(conn, number, "alert") if each.data.get("told")]


async def test_a_root_that_fires_after_what_depends_on_it_joins_that_incident(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Web", service="web"))
    await decide_all(context, clock)
    await report(context, alert("Db", service="database"))
    found = await decide_all(context, clock)
    assert decisions(found) == [("declared", 1), ("attached", 1)]
    assert found[1].reason == "web, whose alerts (AG-1) fire, depends on database"
    await report(context, alert("Shop", service="shop"))
    assert decisions(await decide_all(context, clock))[-1] == ("attached", 1), "it depends on the root as well"
    await report(context, alert("Cache", service="cache"))
    assert decisions(await decide_all(context, clock))[-1] == ("declared", 2), "another root"


async def test_a_root_that_people_are_asked_about_joins_the_incident_of_what_depends_on_it(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Db", service="database", do="ask"))
    await decide_all(context, clock)
    await report(context, alert("Shop", service="shop"), alert("Api", service="api"))
    found = await decide_all(context, clock)
    assert decisions(found) == [("attached", 1), ("declared", 1), ("attached", 1)]
    assert found[0].reason == "shop, whose alerts (AG-2) declared, depends on database"


async def test_an_old_incident_of_a_dependency_swallows_no_new_outage(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Db", service="database"))
    await decide_all(context, clock)
    clock.instant += timedelta(hours=5)
    await report(context, alert("Attach", service="database", do="attach"))
    last = (await decide_all(context, clock))[-1]
    assert last.decision is Decision.ASKED
    assert "it may be something new" in last.reason
    await report(context, alert("Shop", service="shop"))
    assert decisions(await decide_all(context, clock)) == [("declared", 1), ("attached", 2), ("declared", 2)]


async def test_the_channel_is_told_once_that_alerts_are_worse_than_their_incident(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Db", service="database", severity="warning"))
    await decide_all(context, clock)
    for name in ("Shop", "Api"):
        await report(context, alert(name, service=name.lower(), severity="critical"))
        await decide_all(context, clock)
    (words,) = await loud(context, 1)
    assert "It is sev1, and the incident is sev3: change the severity if it is worse now." in words
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    assert incident.severity == "sev3"


async def test_forty_services_on_two_roots_are_two_incidents_in_any_order(
    make_context: MakeContext, clock: MovableClock
) -> None:
    services = "".join(f"  s{n}: {{depends_on: [root{n % 2}]}}\n" for n in range(40)) + "  root0: {}\n  root1: {}\n"
    context = make_context(f"preset: sev1-5\nservices:\n{services}alerts: {{wait: 10s, routes: [{{do: declare}}]}}\n")
    alerts = [alert("Down", service=f"s{n}") for n in range(40)]
    alerts += [alert("Down", service=f"root{n}") for n in range(2)]
    random.Random(7).shuffle(alerts)
    for start in range(0, len(alerts), 7):
        await report(context, *alerts[start : start + 7])
    found = await decide_all(context, clock)
    assert {group.incident for group in found} == {1, 2}
    assert sum(group.decision is Decision.DECLARED for group in found) == 2


async def test_a_root_is_found_behind_more_than_a_thousand_groups_that_fire(
    make_context: MakeContext, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(POLICY.replace("  routes:\n", "  routes:\n    - {match: {do: record}, do: record}\n"))
    await report(context, alert("Db", service="database"))
    await decide_all(context, clock)
    await report(context, *(alert(f"Noise {number}", do="record") for number in range(decide.MOST_FIRING)))
    await report(context, alert("Web", service="web"))
    web = (await decide_all(context, clock))[-1]
    assert (web.decision, web.incident) == (Decision.ATTACHED, 1)
    assert web.reason == "web depends on database, whose alerts (AG-1) fire"
    monkeypatch.setattr(decide, "MOST_OLDER", 1)
    await report(context, alert("Cache", service="cache"))
    cache = (await decide_all(context, clock))[-1]
    assert (cache.decision, cache.incident) == (Decision.DECLARED, 2)
    limited = "compared with the newest 1001 groups that fire; older ones were not looked at"
    assert limited in [step.reason for step in cache.steps]

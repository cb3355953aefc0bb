"""Groups of which nothing is heard grow stale, missing heartbeats are alerts, and lack of data is milder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, fingerprint_of
from bot.domain.alerts.group import AlertGroup
from bot.usecases.alerts import receive
from bot.usecases.alerts.absence import claim_stale, grow_stale, tell_of_missing_heartbeats
from bot.usecases.alerts.receive import Receipt, receive_alerts
from bot.usecases.context import Context
from storage.alerts import groups, members
from tests.usecases.conftest import START, MakeContext, MovableClock

POLICY = """
preset: sev1-5
alerts:
  group_by: [alertname]
  wait: 10s
  stale_after: 6h
  severity: {map: {critical: sev1, warning: sev3}}
  routes:
    - {match: {alertname: Watchdog}, do: heartbeat, every: 5m}
    - {match: {nodata: same}, do: record, nodata: same}
    - {match: {severity: critical}, do: record}
    - {match: {team: "/.+/"}, do: record}
"""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def alert(name: str, source: str = "alertmanager", **labels: str) -> Alert:
    given = {"alertname": name, "source": source, "severity": "critical", **labels}
    return Alert(source, fingerprint_of(given), AlertStatus.FIRING, START - 5 * MINUTE, given)


def over(fired: Alert) -> Alert:
    return replace(fired, status=AlertStatus.RESOLVED, ends_at=START)


async def report(context: Context, *alerts: Alert) -> Receipt:
    return await receive_alerts(context, AlertBatch(alerts))


async def later(context: Context, clock: MovableClock, span: timedelta) -> list[AlertGroup]:
    """Let time pass, as the worker sees it; every group, the oldest first."""
    clock.instant += span
    for number in await claim_stale(context):
        await grow_stale(context, number)
    await tell_of_missing_heartbeats(context)
    async with context.database.reading() as conn:
        return (await groups.newest(conn, 100))[::-1]


async def test_a_group_that_its_source_stops_repeating_is_stale_and_not_resolved(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Slow"))
    assert [group.shown_state for group in await later(context, clock, 5 * HOUR)] == ["firing"]
    await report(context, alert("Slow"))
    assert [group.shown_state for group in await later(context, clock, 5 * HOUR)] == ["firing"], "it was repeated"
    (group,) = await later(context, clock, 2 * HOUR)
    assert (group.shown_state, group.state, group.resolved_at) == ("stale", "firing", None)
    assert group.steps[-1].step == "stale"
    await report(context, alert("Slow"))
    assert [group.shown_state for group in await later(context, clock, MINUTE)] == ["firing"], "heard again"
    await later(context, clock, 7 * HOUR)
    await report(context, over(alert("Slow")))
    assert [group.shown_state for group in await later(context, clock, MINUTE)] == ["resolved"]


async def test_a_group_of_a_source_that_does_not_repeat_is_never_stale(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await report(context, alert("Slow", "events"))
    assert [group.shown_state for group in await later(context, clock, 100 * HOUR)] == ["firing"]


async def test_a_missing_heartbeat_is_one_alert_routed_from_the_top_until_it_is_heard_again(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    watchdog = alert("Watchdog", severity="none", team="ops")
    receipt = await report(context, watchdog)
    assert (receipt.received, receipt.groups) == (1, ()), "a heartbeat opens no group"
    for _ in range(3):
        assert await later(context, clock, 4 * MINUTE) == []
        await report(context, watchdog)
    (group,) = await later(context, clock, 6 * MINUTE)
    assert group.title == "Watchdog is not heard any more"
    assert dict(group.labels) == {"alertname": "WatchdogMissing"}
    async with context.database.reading() as conn:
        (member,) = await members.of_group(conn, group.number, 10)
    assert member.alert.labels == {**watchdog.labels, "alertname": "WatchdogMissing"}
    assert len(await later(context, clock, 6 * MINUTE)) == 1, "told once, also by another process"
    receipt = await report(context, watchdog)
    assert (receipt.received, receipt.resolved) == (1, 0)
    assert [group.shown_state for group in await later(context, clock, MINUTE)] == ["resolved"]
    assert [group.shown_state for group in await later(context, clock, 6 * MINUTE)] == ["firing"], "missing again"


async def test_the_end_of_a_heartbeat_is_no_heartbeat(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await report(context, alert("Watchdog", team="ops"))
    clock.instant += 4 * MINUTE
    await report(context, over(alert("Watchdog", team="ops")))
    assert len(await later(context, clock, 2 * MINUTE)) == 1


@pytest.mark.parametrize(("labels", "severity"), [({}, "sev2"), ({"nodata": "same"}, "sev1")])
async def test_an_alert_that_lacks_data_is_one_level_milder_unless_its_route_says_otherwise(
    make_context: MakeContext, clock: MovableClock, labels: dict[str, str], severity: str
) -> None:
    context = make_context(POLICY)
    await report(context, replace(alert("Slow", **labels), nodata=True))
    assert [group.severity for group in await later(context, clock, MINUTE)] == [severity]


async def test_portions_lead_to_the_same_groups_and_receipt_as_one(
    make_context: MakeContext, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(POLICY)
    old = [alert("Slow", instance=str(number)) for number in range(5)]
    await report(context, *old)
    monkeypatch.setattr(receive, "PORTION", 3)
    new = [alert("Slow", instance=str(number)) for number in range(5, 12)]
    receipt = await report(context, *map(over, old), *new, *old[:2])
    assert (receipt.received, receipt.new, receipt.resolved, receipt.stale) == (14, 7, 5, 2)
    assert receipt.groups == ("AG-1",)
    (group,) = await later(context, clock, MINUTE)
    assert (group.flaps, group.shown_state) == (0, "firing"), "it never was over in between"
    assert (await report(context, *new)).repeated == 7

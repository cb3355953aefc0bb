"""In shadow mode nobody is paged, and each day is reported once; on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from bot.domain.alerts.alert import AlertBatch
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ShadowReportPayload
from bot.integrations.alerts import opsgenie, pagerduty
from bot.integrations.alerts.protocol import Delivery
from bot.slack.blocks.shadow import report
from bot.usecases.alerts.escalate import claim_rungs, page_rung
from bot.usecases.alerts.receive import receive_alerts
from bot.usecases.context import Context
from bot.usecases.shadow import queue_report, read_report, withheld
from sandbox.blocks import block_errors
from storage import key_value
from storage.outbox import queue
from storage.outbox.payloads import read_payload
from tests.usecases.alerts.telling import decide_all
from tests.usecases.conftest import START, MakeContext, MovableClock

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  anna: {name: Anna, slack: U0ANNA000, email: anna@example.com}
alerts:
  wait: 10s
  routes:
    - match: {alertname: Disk full}
      do: ask
      channel: "#disks"
      escalate: [{after: 0m, notify: ["contact:anna"]}]
    - {do: record}
"""
SHADOW = POLICY + "shadow: {source: opsgenie, days: 2}\n"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)  # Opsgenie tells milliseconds, which fall before START


def action(name: str, message: str, clock: MovableClock, **fields: Any) -> dict[str, Any]:
    at = int(clock.now().timestamp() * 1000)
    told = {"alertId": message, "alias": message, "message": message, "createdAt": at, "updatedAt": at}
    return {"action": name, "alert": {**told, **fields}}


async def tell(context: Context, clock: MovableClock, item: dict[str, Any]) -> AlertBatch:
    batch = opsgenie.read(Delivery(item), clock.now())
    await receive_alerts(context, batch)
    return batch


async def page_all(context: Context, clock: MovableClock) -> list[str | None]:
    """Let the rungs that are due page. Returns why each page is withheld, None for one that is sent."""
    await decide_all(context, clock)
    for lapsed in await claim_rungs(context):
        await page_rung(context, lapsed)
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 100)
    return [await withheld(context, row) for row in rows if row.kind == NoticeKind.ALERT_PAGE]


async def reports(context: Context) -> list[ShadowReportPayload]:
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 100)
    return [read_payload(row, ShadowReportPayload) for row in rows if row.kind == NoticeKind.SHADOW_REPORT]


async def test_nobody_is_paged_and_the_report_compares_both_sides(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(SHADOW)
    await queue_report(context)
    anna = [{"type": "user", "name": "anna@example.com"}]
    for _ in range(2):  # told twice
        await tell(context, clock, action("Create", "Disk full", clock, responders=anna))
    ben = [{"type": "user", "name": "Ben"}]
    await tell(context, clock, action("Create", "Certificate <!channel> expires", clock, responders=ben))
    assert await page_all(context, clock) == ["shadow mode is on: opsgenie pages, and nobody is paged here"]
    clock.instant = START + timedelta(minutes=4)
    await tell(context, clock, action("Acknowledge", "Disk full", clock, username="anna@example.com"))
    told = await read_report(context, START - SECOND, START + 2 * DAY)
    assert len(told.cases) == 2
    payload = ShadowReportPayload(START, START + DAY, 1, 2, "opsgenie", "#incidents")
    message = report(told, payload, context.policy)
    assert block_errors(message.blocks, "message") == []
    said = str(message.blocks)
    assert "they paged Anna at 01:30 (Anna at 01:34 acknowledged)" in said
    assert "they paged Ben at 01:30, we would have paged nobody: it is recorded" in said
    assert "<!channel>" not in said
    assert "<@" not in said


async def test_ours_is_told_with_the_same_words(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(SHADOW)
    await tell(context, clock, action("Create", "Disk full", clock, recipients=["anna@example.com"]))
    await page_all(context, clock)
    told = await read_report(context, START - SECOND, START + timedelta(days=36_500))
    (case,) = told.cases
    assert ([each.who for each in case.theirs], [each.who for each in case.ours]) == (
        ["anna@example.com"],
        ["U0ANNA000"],
    )
    assert case.alike(context.policy)
    message = report(told, ShadowReportPayload(START, START, 1, 2, "opsgenie", "#incidents"), context.policy)
    assert "they paged Anna at 01:30, we would have paged Anna at" in str(message.blocks)
    assert "1 of 1 alike" in message.text


async def test_an_escalation_which_names_the_alert_by_its_id_alone_is_told_with_the_alert(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(SHADOW)
    created = action("Create", "Disk full", clock)
    created["alert"] |= {"alertId": "7ba97e3a-d328", "alias": "disk-1"}
    await tell(context, clock, created)
    ben = {"name": "Ben", "id": "64818849-71d6", "type": "default", "entity": "user"}
    escalate = {"action": "Escalate", "alert": {"alertId": "7ba97e3a-d328"}, "escalationNotify": ben, "repeatCount": 0,
                "escalationId": "51859f57", "escalationName": "Payments", "escalationTime": 5}  # fmt: skip
    for _ in range(2):
        assert (await tell(context, clock, escalate)).alerts == (), "it is no alert of its own"
    told = await read_report(context, START - SECOND, START + DAY)
    (case,) = told.cases
    assert [each.who for each in case.theirs] == ["Ben"]
    assert case.title.startswith("AG-1 ")
    await tell(context, clock, {**escalate, "repeatCount": 1})
    assert len((await read_report(context, START - SECOND, START + DAY)).cases[0].theirs) == 2


async def test_ids_of_theirs_are_told_as_the_import_knows_them(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(SHADOW)
    async with context.database.transaction() as conn:
        await key_value.imported_names("opsgenie").put(conn, {"64818849-71d6": "contact:anna"})
    await tell(context, clock, action("Create", "Disk full", clock, recipients=["64818849-71d6"]))
    await page_all(context, clock)
    told = await read_report(context, START - SECOND, START + timedelta(days=36_500))
    assert told.cases[0].alike(context.policy)
    message = report(told, ShadowReportPayload(START, START, 1, 2, "opsgenie", "#incidents"), context.policy)
    assert "they paged Anna at 01:30, we would have paged Anna at" in str(message.blocks)


async def test_without_shadow_mode_a_page_is_sent(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context(POLICY)
    await tell(context, clock, action("Create", "Disk full", clock))
    assert await page_all(context, clock) == [None]


async def test_it_ends_by_itself_and_each_day_is_told_once_over_two_replicas(
    make_context: MakeContext, clock: MovableClock
) -> None:
    one, other = make_context(SHADOW), make_context(SHADOW)
    await asyncio.gather(queue_report(one), queue_report(other))
    assert await reports(one) == []
    clock.instant = START + DAY
    assert sorted(await asyncio.gather(queue_report(one), queue_report(other))) == [False, True]
    clock.instant = START + 9 * DAY  # both were down
    assert sorted(await asyncio.gather(queue_report(one), queue_report(other))) == [False, True]
    assert [await queue_report(one), await queue_report(other)] == [False, False]
    told = await reports(one)
    assert sorted((each.day, each.since, each.until) for each in told) == [
        (1, START, START + DAY),
        (2, START + DAY, START + 2 * DAY),
    ]
    await tell(one, clock, action("Create", "Disk full", clock))
    assert await page_all(one, clock) == [None]


def test_pagerduty_names_assignees_and_who_acknowledged(clock: MovableClock) -> None:
    data = {"id": "P1", "type": "incident", "title": "Disk full", "status": "triggered"}
    event = {"id": "01A", "event_type": "incident.triggered", "occurred_at": START.isoformat()}
    triggered = {"event": {**event, "data": {**data, "assignees": [{"summary": "Anna"}, {"summary": "Ben"}]}}}
    assert [page.who for page in pagerduty.read(Delivery(triggered), START).pages] == ["Anna", "Ben"]
    acknowledged = {
        "event": {
            **event,
            "event_type": "incident.acknowledged",
            "agent": {"summary": "Ben"},
            "data": {**data, "status": "acknowledged"},
        }
    }
    assert [str(page.side) for page in pagerduty.read(Delivery(acknowledged), START).pages] == ["acknowledged"]

"""Shadow mode asks the other service who was on call, and reports differences of the import; real HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

import aiohttp

from bot.domain.routing.payloads import ShadowReportPayload
from bot.integrations.opsgenie_on_call import OpsgenieOnCall
from bot.integrations.pagerduty_schedules import Schedules
from bot.slack.blocks.shadow import report
from bot.usecases.context import Context
from bot.usecases.shadow import queue_report, read_report
from bot.workers.shadow_on_call import ShadowOnCall
from sandbox.blocks import block_errors
from storage import key_value
from tests.importers.doubles import KEY, OpsgenieDouble
from tests.importers.doubles import serving as serving_account
from tests.integrations.doubles import Double, Reply, serving
from tests.usecases.conftest import START, MakeContext, MovableClock
from tests.usecases.test_shadow import DAY, SECOND, action, tell

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  anna: {name: Anna, slack: U0ANNA000, email: anna@example.com}
  ben: {name: Ben, slack: U0BEN0000, email: ben@example.com}
schedules:
  primary: {timezone: UTC, rotation: weekly, handoff: "mon 09:00", start: 2026-01-05, members: [anna]}
alerts: {routes: [{do: record}]}
shadow: {source: opsgenie, days: 2}
"""


async def imported(context: Context, source: str = "opsgenie") -> None:
    await queue_report(context)  # shadow mode begins
    async with context.database.transaction() as conn:
        await key_value.imported_names(source).put(conn, {"s-1": "schedule:primary", "u-1": "contact:anna"})


async def on_call_answer(context: Context, source: str = "opsgenie") -> str:
    told = await read_report(context, START - SECOND, START + DAY)
    message = report(told, ShadowReportPayload(START, START + DAY, 1, 2, source, "#incidents"), context.policy)
    assert block_errors(message.blocks, "message") == []
    return str(message.blocks)


async def page_primary(context: Context, clock: MovableClock, message: str = "Disk full") -> None:
    await tell(context, clock, action("Create", message, clock, responders=[{"type": "schedule", "name": "Primary"}]))


async def test_they_paged_whom_opsgenie_had_on_call_and_the_import_is_told_apart(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context, account = make_context(POLICY), OpsgenieDouble()
    asked_at: list[str] = []

    def on_call(date: str) -> list[str]:
        asked_at.append(date)
        return ["ben@example.com"]

    account.on_calls["s-1"] = on_call
    await imported(context)
    await page_primary(context, clock)
    assert "they paged Primary (Anna)" in await on_call_answer(context), (
        "as the import has it, while Opsgenie was not asked"
    )
    async with serving_account(account) as url, aiohttp.ClientSession() as session:
        worker = ShadowOnCall(context, lambda name: OpsgenieOnCall(session, url, KEY))
        clock.instant += timedelta(minutes=1)
        await worker.look()
        await worker.look()
    assert [abs(datetime.fromisoformat(date) - START) < 2 * SECOND for date in asked_at] == [True], (
        "once, of that minute"
    )
    told = await on_call_answer(context)
    assert "they paged Primary (Ben)" in told
    assert "primary at 01:30: Opsgenie has Ben on call, the imported schedule Anna" in told


async def test_a_schedule_with_the_same_people_on_both_sides_is_no_difference(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context, account = make_context(POLICY), OpsgenieDouble(on_calls={"s-1": lambda date: ["Anna@example.com"]})
    await imported(context)
    await page_primary(context, clock)
    async with serving_account(account) as url, aiohttp.ClientSession() as session:
        await ShadowOnCall(context, lambda name: OpsgenieOnCall(session, url, KEY)).look()
    assert "The import differs" not in await on_call_answer(context)


async def test_a_service_that_is_asked_too_often_is_asked_again_when_it_says(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await imported(context)
    await page_primary(context, clock)
    limited = Reply(429, {"message": "You are making too many requests!"}, {"Retry-After": "60"})
    double = Double(replies=[limited, Reply(200, {"data": {"onCallRecipients": ["ben@example.com"]}})])
    async with serving(double) as vendor, aiohttp.ClientSession() as session:
        worker = ShadowOnCall(context, lambda name: OpsgenieOnCall(session, vendor.url, KEY))
        await worker.look()
        await worker.look()
        assert len(double.asked) == 1
        clock.instant += timedelta(minutes=3)
        await worker.look()
        assert len(double.asked) == 2
    assert "Opsgenie has Ben on call" in await on_call_answer(context)


async def test_pagerduty_is_asked_about_all_imported_schedules_at_once(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY.replace("source: opsgenie", "source: pagerduty"))
    entry = {"user": {"id": "PBEN001", "summary": "Ben"}, "schedule": {"id": "s-1"}, "escalation_level": 1}
    other = {"user": {"id": "PZOE001", "summary": "Zoe"}, "schedule": None, "escalation_level": 2}
    double = Double(always=Reply(200, {"oncalls": [entry, other], "limit": 100, "more": False}))
    async with serving(double) as vendor, aiohttp.ClientSession() as session:
        client = Schedules(session, vendor.url, "token")
        assert await client.on_call(["s-1", "s-2"], START) == {"s-1": ("Ben",), "s-2": ()}
    (asked,) = double.asked
    assert (asked.path, asked.query["since"], asked.query["until"]) == (
        "/oncalls",
        START.isoformat(timespec="seconds"),
        START.isoformat(timespec="seconds"),
    )
    assert context.policy.shadow is not None

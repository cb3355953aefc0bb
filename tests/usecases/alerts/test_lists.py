"""A page of groups of alerts is read with as many statements as one group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from bot.domain.alerts.view import AlertTotals
from bot.domain.timeline.entry import Entry
from bot.operations.base import Call
from bot.operations.table import BY_NAME
from bot.usecases.context import Context
from bot.usecases.visibility import can_see, visible_among
from storage import incidents
from storage.alerts import groups
from storage.timeline import entries
from tests.storage.helpers import NOW, incident
from tests.usecases.alerts.telling import alert, decide_all, report, resolved_alert
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
alerts: {group_by: [alertname], routes: [{do: record}]}
"""


async def _list_with_count(context: Context, scope: str) -> tuple[list[dict[str, Any]], int]:
    """The groups, and with how many statements they were read."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    operation = BY_NAME["list_alerts"]
    sa.event.listen(sa.Engine, "before_cursor_execute", counted)
    try:
        answer = await operation.run(Call(context, "U0MAYA0000"), operation.arguments.model_validate({"scope": scope}))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", counted)
    return answer.body["groups"], count


async def _fire(context: Context, clock: MovableClock, first: int, last: int) -> None:
    """Groups with two alerts each, every one of a private incident."""
    for n in range(first, last):
        await report(context, alert(f"a{n}", pod="1"), alert(f"a{n}", pod="2"))
    await decide_all(context, clock)
    async with context.database.transaction() as conn:
        for n in range(first, last):
            await incidents.insert(conn, incident(n, private=True, declared_by="U0TOM00000"))
        fired = [each for each in await groups.newest(conn, 100) if first <= each.number < last]
        await groups.save_many(conn, [replace(each, incident=each.number) for each in fired])


async def test_listing_groups_takes_as_many_statements_for_many_as_for_few(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    await _fire(context, clock, 1, 3)
    few, statements = await _list_with_count(context, "firing")
    await _fire(context, clock, 3, 21)
    many, as_many = await _list_with_count(context, "firing")
    newest, for_all = await _list_with_count(context, "all")
    assert (len(few), len(many), len(newest)) == (2, 20, 20)
    assert {len(each["alerts"]) for each in many} == {2}
    assert {each["incident"] for each in many} == {None}, "they are private"
    assert statements == as_many == for_all
    assert statements <= 5


async def test_who_may_see_several_incidents_is_decided_as_for_each(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    asked = "U0ASK00000"
    all_of_them = [
        incident(1),
        incident(2, private=True),
        incident(3, private=True, declared_by=asked),
        incident(4, private=True, responders=(asked,)),
        incident(5, private=True),
        incident(6, private=True, declared_by=asked),
        incident(7, private=True, declared_by=asked, removed=(asked,)),
    ]
    async with context.database.transaction() as conn:
        for each in all_of_them:
            await incidents.insert(conn, each)
        await entries.append(conn, 5, [Entry(NOW, "joined", asked, "")])
        await entries.append(conn, 6, [Entry(NOW, "left", asked, "")])
        assert await visible_among(conn, all_of_them, asked) == {1, 3, 4, 5}
        assert [await can_see(conn, each, asked) for each in all_of_them] == [
            True, False, True, True, True, False, False,
        ]  # fmt: skip


async def _pages(context: Context, name: str, path: dict[str, str], **query: Any) -> list[list[str]]:
    """The IDs of the groups, page by page."""
    operation, pages = BY_NAME[name], []
    cursor: dict[str, str] = {}
    while True:
        arguments = operation.arguments.model_validate({**query, **cursor})
        body = (await operation.run(Call(context, "U0MAYA0000", path), arguments)).body
        pages.append([group["id"] for group in body["groups"]])
        if body["next_cursor"] is None:
            return pages
        cursor = {"cursor": body["next_cursor"]}


async def test_a_long_list_of_groups_is_read_in_pages(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    fired = [alert(f"a{n}") for n in range(1, 8)]
    await report(context, *fired)
    await report(context, resolved_alert(fired[1]), resolved_alert(fired[6]))
    every = [f"AG-{number}" for number in range(7, 0, -1)]
    assert await _pages(context, "list_alerts", {}, scope="all", limit=3) == [every[:3], every[3:6], every[6:]]
    assert await _pages(context, "list_alerts", {}, limit=5) == [["AG-6", "AG-5", "AG-4", "AG-3", "AG-1"]]
    async with context.database.transaction() as conn:
        await incidents.insert(conn, incident(1))
        await groups.save_many(conn, [replace(each, incident=1) for each in await groups.newest(conn, 100)])
    of_incident = await _pages(context, "list_incident_alerts", {"id": "INC-1"}, limit=4)
    assert of_incident == [["AG-6", "AG-5", "AG-4", "AG-3"], ["AG-1", "AG-7", "AG-2"]]


async def test_totals_count_what_no_page_shows(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    pods = [alert("a1", pod=str(n)) for n in range(3)]
    await report(context, *pods, alert("a2"), alert("a3"))
    await report(context, resolved_alert(pods[0]), resolved_alert(alert("a3")))
    async with context.database.transaction() as conn:
        await incidents.insert(conn, incident(1))
        first, last = (await groups.newest(conn, 100))[::-1][::2]
        await groups.save_many(conn, [replace(first, incident=1), replace(last, incident=1)])
        assert await groups.totals(conn, None) == AlertTotals(groups=2, firing=2, alerts=4)
        assert await groups.totals(conn, 1) == AlertTotals(groups=2, firing=1, alerts=4)
        assert await groups.totals(conn, 2) == AlertTotals(groups=0, firing=0, alerts=0)

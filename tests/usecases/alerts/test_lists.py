"""A page of groups of alerts is read with as many statements as one group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from bot.domain.timeline.entry import Entry
from bot.operations.base import Call
from bot.operations.table import BY_NAME
from bot.usecases.context import Context
from bot.usecases.visibility import can_see, visible_among
from storage import incidents
from storage.alerts import groups
from storage.timeline import entries
from tests.storage.helpers import NOW, incident
from tests.usecases.alerts.telling import alert, decide_all, report
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
alerts: {group_by: [alertname], routes: [{do: record}]}
"""


async def _listed(context: Context, scope: str) -> tuple[list[dict[str, Any]], int]:
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
    few, statements = await _listed(context, "firing")
    await _fire(context, clock, 3, 21)
    many, as_many = await _listed(context, "firing")
    newest, for_all = await _listed(context, "all")
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

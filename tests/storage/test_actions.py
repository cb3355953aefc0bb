from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.domain.actions.item import ActionItem, ActionStatus
from storage import actions, deadlines
from storage.actions import ActionFilter
from storage.database import Database
from tests.storage.helpers import NOW, store_incidents

FIRST = ActionItem(1, 1, "Alert on pool usage", "U1", NOW, owner="U2", due=date(2026, 12, 4))


async def test_an_item_is_stored_changed_and_counted(database: Database) -> None:
    await store_incidents(database, 1)
    async with database.transaction() as conn:
        assert await actions.next_number(conn, 1) == 1
        await actions.insert(conn, FIRST, NOW)
        assert await actions.next_number(conn, 1) == 2
        assert await actions.get(conn, 1, 1) == FIRST
        done = replace(FIRST, status=ActionStatus.COMPLETED)
        await actions.save(conn, done, None)
        assert await actions.of_incident(conn, 1) == [done]
        assert await actions.live(conn, ActionFilter(), 10) == []


async def test_the_ledger_has_the_next_reminder_of_each_item(database: Database) -> None:
    await store_incidents(database, 1, 2)
    async with database.transaction() as conn:
        await actions.insert(conn, FIRST, NOW)
        await actions.insert(conn, replace(FIRST, number=2, owner=None), None)
        await actions.insert(conn, replace(FIRST, incident=2), NOW)
        (row,) = await deadlines.ledger(conn, 1)
        assert (row.kind, row.due_at, row.state) == ("action", NOW, "waiting")
        assert row.reason == "AI-1-1 Alert on pool usage: <@U2> is reminded, due 2026-12-04"
        await actions.save(conn, replace(FIRST, status=ActionStatus.COMPLETED), None)
        assert await deadlines.ledger(conn, 1) == []


async def test_live_items_come_in_the_order_they_are_due(database: Database) -> None:
    await store_incidents(database, 1, 2)
    undated = replace(FIRST, number=2, due=None, owner="U3", source_ts="1.5")
    later = replace(FIRST, incident=2, number=1, due=date(2026, 12, 9))
    async with database.transaction() as conn:
        await actions.insert_many(conn, [(undated, None), (later, None), (FIRST, None)])
    async with database.reading() as conn:
        assert await actions.live(conn, ActionFilter(), 10) == [FIRST, later, undated]
        assert await actions.live(conn, ActionFilter(owner="U2"), 1) == [FIRST]
        assert await actions.live(conn, ActionFilter(due_before=date(2026, 12, 5)), 10) == [FIRST]
        assert await actions.count_live(conn, ActionFilter(private=False)) == 3
        assert await actions.of_message(conn, 1, "1.5") == undated

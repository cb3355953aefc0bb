"""Reminders of action items: none lost and none doubled, however many replicas look and wherever one dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.domain import routing
from bot.domain.actions.item import ActionItem, NewAction
from bot.domain.actions.reminders import begins_at
from bot.domain.routing.notice import NoticeKind
from bot.usecases.actions.changes import complete_action, edit_action
from bot.usecases.actions.remind import remind_owners
from storage import actions, incidents
from storage.database import Database
from storage.outbox import enqueue, queue, reminded
from storage.schema import outbox
from tests.storage.helpers import NOW, incident
from tests.usecases.conftest import START, MakeContext, MovableClock

PEOPLE = [f"U0PERSON{number:02}" for number in range(20)]


async def queued_reminders(database: Database) -> Counter[str]:
    async with database.reading() as conn:
        keys = await conn.scalars(sa.select(outbox.c.dedup_key).where(outbox.c.kind == "action_reminder"))
        return Counter(keys)


async def prepared(database: Database) -> None:
    """Two items of each person, due today."""
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(1))
        for number, person in enumerate(PEOPLE * 2, 1):
            item = ActionItem(1, number, "Alert on it", "UA", NOW, owner=person, due=START.date())
            await actions.insert(conn, item, begins_at(START.date() - timedelta(days=1)))


async def test_replicas_that_look_at_once_remind_each_person_once(make_context: MakeContext) -> None:
    contexts = [make_context("preset: sev1-5\n") for _ in range(3)]
    await prepared(contexts[0].database)
    await asyncio.gather(*(remind_owners(context) for context in contexts))
    await remind_owners(contexts[0])
    assert await queued_reminders(contexts[0].database) == Counter(
        f"action_reminder:{each}:{START.date()}" for each in PEOPLE
    )


async def test_what_is_due_today_does_not_wait_for_what_is_due_tomorrow(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\n")
    await prepared(context.database)
    tomorrow = START.date() + timedelta(days=1)
    async with context.database.transaction() as conn:
        item = ActionItem(1, 99, "Alert on it", "UA", NOW, owner=PEOPLE[0], due=tomorrow)
        await actions.insert(conn, item, begins_at(tomorrow))
    clock.instant = START + timedelta(hours=12)  # the day of tomorrow has begun in the east
    assert await remind_owners(context) == len(PEOPLE)
    days = [key.rpartition(":")[2] for key in await queued_reminders(context.database) if PEOPLE[0] in key]
    assert days == [str(START.date()), str(tomorrow)]


async def test_one_that_dies_before_its_commit_loses_none(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context("preset: sev1-5\n")
    await prepared(context.database)

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(enqueue, "put", dies)
        with pytest.raises(asyncio.CancelledError):
            await remind_owners(context)
    assert await queued_reminders(context.database) == Counter()
    await remind_owners(context)
    assert sum((await queued_reminders(context.database)).values()) == len(PEOPLE)


async def test_a_reminder_that_is_due_outlasts_a_change_of_the_words_and_no_other(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    await prepared(context.database)
    due = START.date()
    words = NewAction("Alert on the pool", owner=PEOPLE[0], due=due)
    await edit_action(context, 1, 1, words, "UA")
    await edit_action(context, 1, 21, replace(words, owner=PEOPLE[1]), "UA")
    await complete_action(context, 1, 3, "UA")
    await complete_action(context, 1, 23, "UA")
    await remind_owners(context)
    assert await queued_reminders(context.database) == Counter(
        f"action_reminder:{each}:{due}" for place, each in enumerate(PEOPLE) if place != 2
    )


async def test_what_a_person_got_and_when_is_read_back(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    days = [START.date() + timedelta(days=ahead) for ahead in range(2)]
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.action_reminder(person, day) for person in ("U1", "U11") for day in days])
        rows = {row.dedup_key: row for row in await queue.claim(conn, 9)}
        first, second = (routing.action_reminder("U1", day).dedup_key for day in days)
        await queue.mark_sent(conn, rows[first], {"ts": "1", reminded.DAY: "2026-03-30"})
        of_first = await reminded.others(conn, "action_reminder:U1", rows[first].id)
        of_second = await reminded.others(conn, "action_reminder:U1", rows[second].id)
    assert of_first == [(rows[second].id, second, "leased", None)]
    assert of_second == [(rows[first].id, first, "sent", date(2026, 3, 30))]


async def test_a_reminder_is_edited_once_when_its_items_are_settled_and_no_other_is(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    await prepared(context.database)
    owner, days = PEOPLE[0], [START.date() - timedelta(weeks=back) for back in (1, 2, 3, 4)]
    keys = [routing.action_reminder(owner, day).dedup_key for day in days]
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.action_reminder(person, day) for person in (owner, PEOPLE[1]) for day in days])
        rows = {row.dedup_key: row for row in await queue.claim(conn, 9)}
        await queue.mark_sent(conn, rows[keys[0]], {"ts": "1", "channel": "D1", reminded.ITEMS: [[1, 1], [1, 21]]})
        await queue.mark_sent(conn, rows[keys[1]], {"ts": "2", "channel": "D1", reminded.ITEMS: [[1, 41]]})
        await queue.mark_failed(conn, rows[keys[2]], "no such user")
    await complete_action(context, 1, 1, owner)
    await complete_action(context, 1, 21, "UA")
    async with context.database.reading() as conn:
        query = sa.select(outbox.c.dedup_key).where(outbox.c.kind == NoticeKind.ACTION_REMINDER_EDIT)
        edited = sorted(await conn.scalars(query))
    # One shows both, another is being sent just now; the others show another item, or were never sent.
    assert edited == sorted(f"edit:{key}" for key in (keys[0], keys[3]))

"""Reminders of action items: none lost and none doubled, however many replicas look and wherever one dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.actions.item import ActionItem
from bot.domain.actions.reminders import begins_at
from bot.usecases.actions.remind import remind_owners
from storage import actions, incidents
from storage.database import Database
from storage.outbox import enqueue
from storage.schema import outbox
from tests.storage.helpers import NOW, incident
from tests.usecases.conftest import START, MakeContext

PEOPLE = [f"U0PERSON{number:02}" for number in range(20)]


async def queued(database: Database) -> Counter[str]:
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
    assert await queued(contexts[0].database) == Counter(f"action_reminder:{each}:{START.date()}" for each in PEOPLE)


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
    assert await queued(context.database) == Counter()
    await remind_owners(context)
    assert sum((await queued(context.database)).values()) == len(PEOPLE)

"""During an upgrade replicas of two versions share the subscribers: each leaves unknown kinds to the other."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import NewPublication
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.status_page.publish import publish
from bot.usecases.status_page.tell_subscribers import queue_portion
from storage.outbox import queue
from storage.schema import outbox
from storage.schema import subscribers as table
from storage.statuspage import mailings, subscribers
from tests.scenarios.test_rolling_upgrade import unpacked
from tests.usecases.conftest import MakeContext

POLICY = "preset: sev1-5\nstatus_page: {name: Example, preset: llm-platform}\n"
NEW = NewPublication("Requests fail", "We look into it.", {"api": S.PARTIAL_OUTAGE})
ONE_HOUR = timedelta(hours=1)
BEFORE_WEBHOOKS = "fe52c651"
OLD_REPLICA = """
import asyncio, sys
from types import SimpleNamespace
from pydantic import ValidationError
from bot.usecases.status_page.tell_subscribers import queue_portion
from storage.open import open_database

async def look():
    database = await open_database(sys.argv[1], migrate=False)
    try:
        return await queue_portion(SimpleNamespace(database=database, wakeups=SimpleNamespace(notify=lambda: None)))
    except ValidationError:
        return "refused"
    finally:
        await database.close()

print(asyncio.run(look()))
"""


async def subscribe(context: Context) -> None:
    """A person, and a program."""
    now = context.clock.now()
    async with context.database.transaction() as conn:
        for name, kind, address in (
            ("s1", SubscriberKind.EMAIL, "ada@example.com"), ("s2", SubscriberKind.WEBHOOK, "https://example.com/in"),
        ):  # fmt: skip
            await subscribers.save(conn, Subscriber(name, kind, address, now, confirmed_at=now))


async def queued_kinds(context: Context) -> list[str]:
    """The kinds of the notices to subscribers."""
    async with context.database.reading() as conn:
        kinds = await conn.scalars(sa.select(outbox.c.kind).where(outbox.c.kind != "statuspage_copy"))
        return sorted(kinds)


async def test_a_version_before_webhooks_leaves_a_list_with_one_to_a_newer_version(
    make_context: MakeContext, database_url: str, tmp_path: Path
) -> None:
    old = unpacked(BEFORE_WEBHOOKS, tmp_path)
    context = make_context(POLICY)
    await subscribe(context)
    await publish(context, None, NEW, BOT)
    said = subprocess.run(
        [sys.executable, "-c", OLD_REPLICA, database_url], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(old)}, check=False,
    )  # fmt: skip
    assert said.stdout.strip() == "refused", said.stderr[-2000:]
    assert await queued_kinds(context) == []
    assert await queue_portion(context) == 2
    assert await queued_kinds(context) == ["status_mail", "status_webhook"]


async def test_a_list_with_a_kind_of_a_newer_version_is_left_to_it(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await subscribe(context)
    async with context.database.transaction() as conn:
        await conn.execute(sa.update(table).where(table.c.id == "s2").values(kind="carrier_pigeon"))
    await publish(context, None, NEW, BOT)
    assert await queue_portion(context) is None
    assert await queued_kinds(context) == []
    async with context.database.reading() as conn:
        assert await mailings.waiting(conn)  # nobody is lost
    async with context.database.transaction() as conn:
        await subscribers.delete(conn, "s2")
    assert await queue_portion(context) == 1
    assert await queued_kinds(context) == ["status_mail"]


async def test_subscribers_that_wait_for_another_attempt_hold_up_no_others(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    now = context.clock.now()
    async with context.database.transaction() as conn:
        for n in range(150):
            await subscribers.save(
                conn, Subscriber(f"s{n:03}", SubscriberKind.EMAIL, f"p{n}@example.com", now, confirmed_at=now)
            )
    await publish(context, None, NEW, BOT)
    for portion in (64, 64, 22):
        assert await queue_portion(context) == portion
        assert await queue_portion(context) == (0 if portion == 64 else None)
        async with context.database.transaction() as conn:
            for row in await queue.claim(conn, 100, only_kinds={"status_mail"}):
                await queue.retry_later(conn, row, ONE_HOUR, "the mailbox is full", uncertain=False)
    assert await queued_kinds(context) == ["status_mail"] * 150

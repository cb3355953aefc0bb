"""The process is killed amid some hundreds of mails: every subscriber gets the mail, under one ID.

SMTP has no way to ask whether a mail arrived. Only a mail that the server had taken and that was not recorded yet may
come again, and it has the same Message-ID.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

import sandbox
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage.open import open_database
from storage.outbox import census
from storage.schema import outbox
from storage.statuspage import mailings, subscribers
from tests.integrations.mail import Post, post_office
from tests.integrations.test_kill import start_bot
from tests.scenarios.running import MANIFEST, policy_file

READERS = 250
AFTER = [1, 120, READERS - 20] if os.environ.get("TOCSIN_TORTURE") else [120]  # mails, it is killed
TOKEN = "t" * 32
POLICY = "preset: sev1-5\nstatus_page: {name: Example AI, preset: llm-platform}\n"
UPDATE = {"title": "Requests fail", "message": "We look into it.", "components": {"api": "partial_outage"}}


async def subscribe(url: str) -> None:
    """So many people who confirmed their addresses."""
    database = await open_database(url)
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        for n in range(READERS):
            each = Subscriber(f"s{n:03}", SubscriberKind.EMAIL, f"p{n}@example.com", now, confirmed_at=now)
            await subscribers.save(conn, each)
    await database.close()


async def sent_addresses(url: str) -> set[str]:
    """The addresses whose mail the ledger has as sent."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            rows = await conn.scalars(
                sa.select(outbox.c.payload).where(outbox.c.kind == "status_mail", outbox.c.state == "sent")
            )
            return {f"p{int(payload['subscriber'][1:])}@example.com" for payload in rows}
    finally:
        await database.close()


async def wait_until_told(url: str) -> None:
    """Wait until nobody is left who is to be told."""
    database = await open_database(url, migrate=False)
    try:
        async with asyncio.timeout(60):
            while True:
                async with database.reading() as conn:
                    depth = await census.count_by_state(conn)
                    on_their_way = any(depth[state] for state in ("held", "queued", "leased", "unknown"))
                    if not await mailings.waiting(conn) and not on_their_way:
                        return
                await asyncio.sleep(0.05)
    finally:
        await database.close()


@dataclass
class Scene:
    """The settings of a bot whose status page has subscribers, and the mail server that they are told through."""

    given: dict[str, Any]
    post: Post

    def reached(self) -> list[str]:
        return [envelope.rcpt_tos[0] for envelope in self.post.envelopes]


@asynccontextmanager
async def scene(url: str, folder: Path) -> AsyncIterator[Scene]:
    async with post_office() as post, sandbox.running(manifest=MANIFEST) as ws:
        given: dict[str, Any] = {
            "slack_bot_token": ws.settings.bot_token,
            "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url,
            "database_url": url,
            "tocsin_policy": str(policy_file(folder, POLICY)),
            "tocsin_url": "https://tocsin.example.com",
            "tocsin_api_token": TOKEN,
            "smtp_url": f"smtp://127.0.0.1:{post.port}",
            "mail_from": "Acme <status@example.org>",
            "port": 0,
        }
        yield Scene(given, post)


@pytest.mark.parametrize("after", AFTER)
async def test_of_some_hundreds_none_is_lost_and_only_a_mail_that_was_not_recorded_comes_again(
    sqlite_url: str, tmp_path: Path, after: int
) -> None:
    await subscribe(sqlite_url)
    async with scene(sqlite_url, tmp_path) as world:
        bot = await start_bot(world.given)
        page = f"http://127.0.0.1:{bot.port}/api/v1/status-page/publications"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession() as http, http.post(page, json=UPDATE, headers=headers) as answer:
            assert answer.status == 201
        async with asyncio.timeout(60):
            while len(world.post.envelopes) < after:
                await asyncio.sleep(0.002)
        await bot.kill()
        await asyncio.sleep(0.1)  # what it had sent has arrived
        before, known = world.reached(), await sent_addresses(sqlite_url)
        assert len(before) < READERS  # it died in the middle
        bot = await start_bot(world.given)
        try:
            await wait_until_told(sqlite_url)
        finally:
            await bot.kill()
        mails = Counter(world.reached())
        assert set(mails) == {f"p{n}@example.com" for n in range(READERS)}
        doubled = {address for address, count in mails.items() if count > 1}
        assert doubled <= set(before) - known
        assert max(mails.values()) <= 2
        assert len({(mail["To"], mail["Message-ID"]) for mail in world.post.mails}) == READERS
        assert len({mail["Message-ID"] for mail in world.post.mails}) == READERS

"""The process is killed, really, around publishing: nothing is published twice, and no subscriber goes untold.

A mail may come twice under the same Message-ID: SMTP has no way to ask whether an earlier attempt arrived.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sandbox
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage.open import open_database
from storage.statuspage import mailings, publications, subscribers
from tests.integrations.mail import post_office
from tests.integrations.test_kill import start_bot
from tests.scenarios.processes import Death
from tests.scenarios.running import MANIFEST, policy_file
from tests.scenarios.test_kill import doubled_counts, wait_until_dead_or_quiet, wait_until_quiet
from tests.scenarios.test_status_page import POLICY, PUBLISHED

READERS = 5


async def subscribe(url: str) -> None:
    """Some people who confirmed their addresses."""
    database = await open_database(url)
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        for n in range(READERS):
            each = Subscriber(f"s{n}", SubscriberKind.EMAIL, f"p{n}@example.com", now, confirmed_at=now)
            await subscribers.save(conn, each)
    await database.close()


async def wait_until_told(url: str) -> int:
    """How many publications there are, once nobody is left who is to be told."""
    database = await open_database(url)
    try:
        async with asyncio.timeout(30):
            while True:
                async with database.reading() as conn:
                    if not await mailings.waiting(conn):
                        return len(await publications.unresolved(conn))
                await asyncio.sleep(0.05)
    finally:
        await database.close()


@pytest.mark.parametrize("death", [Death("commit", 3, before=False), Death("commit", 6, before=True)], ids=str)
async def test_what_is_published_survives_being_killed(sqlite_url: str, tmp_path: Path, death: Death) -> None:
    async with post_office() as post, sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        given: dict[str, Any] = {
            "slack_bot_token": ws.settings.bot_token,
            "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url,
            "database_url": sqlite_url,
            "tocsin_policy": str(policy_file(tmp_path, POLICY)),
            "tocsin_url": "https://tocsin.example.com",
            "smtp_url": f"smtp://127.0.0.1:{post.port}",
            "mail_from": "Acme <status@example.org>",
            "port": 0,
        }
        bot = await start_bot(given)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        maya = ws.person("maya")
        await maya.command("#general", "/incident declare sev2 Payments are down")
        await wait_until_quiet(ws, sqlite_url)
        await subscribe(sqlite_url)
        await bot.kill()
        bot = await start_bot(given, death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await maya.command("#general", "/incident comms status_page --in INC-1")
        sent = False
        if maya.open_views():
            await maya.fill(maya.view, PUBLISHED)
            sent = (await maya.submit()).ok
        await wait_until_dead_or_quiet(bot, ws, sqlite_url)
        await bot.kill()
        bot = await start_bot(given)
        try:
            count = await wait_until_told(sqlite_url)
            await wait_until_quiet(ws, sqlite_url)
        finally:
            await bot.kill()
        assert count == 1 if sent else count <= 1
        reached = {(mail["To"], mail["Message-ID"]) for mail in post.mails}
        assert sorted(to for to, _ in reached) == [f"p{n}@example.com" for n in range(READERS)] * count
        assert doubled_counts(ws) == {}

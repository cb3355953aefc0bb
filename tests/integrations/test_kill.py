"""The process is killed while it pages: no page is lost, and none is doubled except where a vendor has no key.

PagerDuty folds repeats by their key. A text is looked for before it is repeated, so one that Twilio lists is not
doubled. Mail and the webhook may come twice, under the same Message-ID and the same `Tocsin-Delivery`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import sandbox
from tests.integrations.scene import TOM, TOMS_PHONE, policy_file, settings, vendors
from tests.scenarios import processes
from tests.scenarios.processes import Death, Tuning
from tests.scenarios.running import MANIFEST
from tests.scenarios.test_kill import doubled_counts, wait_until_dead_or_quiet, wait_until_quiet

COMMITS = 24  # a declare with its first rung by every method takes about so many
# A vendor's answer is waited for even on a busy machine. The dead process's lease is freed at the next start.
TUNING = Tuning(timeout_s=10.0, lease_s=30.0)
STEP = 1 if os.environ.get("TOCSIN_TORTURE") else 8


async def start_bot(given: dict[str, Any], death: Death | None = None) -> processes.Bot:
    bot = processes.launch(given, death, TUNING)
    await bot.ready()
    return bot


def deaths() -> list[Death]:
    return [Death("commit", n, before) for n in range(1, COMMITS + 1, STEP) for before in (True, False)]


@pytest.mark.parametrize("death", deaths(), ids=str)
async def test_a_page_by_every_method_survives_being_killed_anywhere(
    sqlite_url: str, tmp_path: Path, death: Death
) -> None:
    async with vendors() as there, sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        pagerduty, twilio, hook, post = there
        given = settings(*there) | {
            "slack_bot_token": ws.settings.bot_token,
            "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url,
            "database_url": sqlite_url,
            "tocsin_policy": str(policy_file(tmp_path)),
            "port": 0,
        }
        bot = await start_bot(given, death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        reply = await ws.person("maya").command("#general", "/incident declare sev1 Payments are down")
        await wait_until_dead_or_quiet(bot, ws, sqlite_url)
        await bot.kill()
        bot = await start_bot(given)
        try:
            await wait_until_quiet(ws, sqlite_url)
        finally:
            await bot.kill()
        if not reply.ok and not pagerduty.asked:
            return  # it died before the commit, and the person was told that the declaration failed
        assert list(pagerduty.alerts.values()) == ["triggered"]
        assert [form["To"] for form in twilio.posted] == [TOMS_PHONE]
        assert len({mail["Message-ID"] for mail in post.mails}) == 1
        assert len({asked.headers["Tocsin-Delivery"] for asked in hook.asked}) == 1
        direct = [c.id for c in ws.state.channels.values() if c.is_im and TOM in c.members]
        assert len([m for c in direct for m in ws.bot_messages(c) if "paged" in m.text]) == 1
        assert doubled_counts(ws) == {}

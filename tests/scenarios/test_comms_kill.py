"""The process is killed, really, around a message to customers: it is not lost, and no mail goes out under two keys.

Mail may come twice under the same Message-ID: SMTP has no way to ask whether an earlier attempt arrived.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sandbox
from tests.integrations.mail import post_office
from tests.integrations.test_kill import start_bot
from tests.scenarios.processes import Death
from tests.scenarios.running import MANIFEST, policy_file
from tests.scenarios.test_kill import doubled_counts, wait_until_dead_or_quiet, wait_until_quiet

POLICY = """
preset: sev1-5
severities:
  sev2: {ladder: [], roles: [], update_every: null}
audiences:
  internal: {notify: ["channel:#general"], by: [slack]}
  partners: {emails: [a@partner.example, b@partner.example], by: [email]}
"""


@pytest.mark.parametrize("death", [Death("commit", 3, before=False), Death("commit", 5, before=True)], ids=str)
async def test_a_message_to_an_audience_survives_being_killed(sqlite_url: str, tmp_path: Path, death: Death) -> None:
    async with post_office() as post, sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        given: dict[str, Any] = {
            "slack_bot_token": ws.settings.bot_token,
            "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url,
            "database_url": sqlite_url,
            "tocsin_policy": str(policy_file(tmp_path, POLICY)),
            "smtp_url": f"smtp://127.0.0.1:{post.port}",
            "mail_from": "Acme <status@example.org>",
            "port": 0,
        }
        bot = await start_bot(given)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await ws.person("maya").command("#general", "/incident declare sev2 Payments are down")
        await wait_until_quiet(ws, sqlite_url)
        await bot.kill()
        bot = await start_bot(given, death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        sent = []
        for audience in ("internal", "partners"):
            await ws.person("maya").command("#general", f"/incident comms {audience} --in INC-1")
            if not ws.person("maya").open_views():
                break
            sent.append((await ws.person("maya").submit()).ok)
        await wait_until_dead_or_quiet(bot, ws, sqlite_url)
        await bot.kill()
        bot = await start_bot(given)
        try:
            await wait_until_quiet(ws, sqlite_url)
        finally:
            await bot.kill()
        mails = {mail["Message-ID"] for mail in post.mails}
        assert len(mails) in ({2} if sent[1:] == [True] else {0, 2})
        general = ws.find_channel("general")
        assert general is not None
        told = [message for message in ws.bot_messages(general.id) if "Payments are down" in message.text]
        assert len(told) == 1 if sent[:1] == [True] else len(told) <= 1
        assert doubled_counts(ws) == {}

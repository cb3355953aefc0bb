"""The bot as the demo starts it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

import sandbox
from bot import policy as policy_reader
from sandbox.bot_process import BotProcess, demo_bot
from sandbox.demo import HERE, further_links, wait_until_connected, why_not
from sandbox.settings import Settings

DEMO_POLICY = HERE / "demo.policy.yml"


def test_the_demos_bot_gets_own_playbooks_and_no_other_setting_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_PLAYBOOKS", "/srv/playbooks")
    monkeypatch.setenv("TOCSIN_POLICY", "/srv/policy.yml")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "real")
    env = demo_bot(Settings(), "http://localhost/api/", tmp_path, policy=None, speed=1.0, port=0).env
    assert env["TOCSIN_PLAYBOOKS"] == "/srv/playbooks"
    assert "TOCSIN_POLICY" not in env
    assert env["SLACK_BOT_TOKEN"] == Settings().bot_token


def test_the_demo_says_how_a_terminal_speaks_to_its_bot(tmp_path: Path) -> None:
    bot = demo_bot(
        Settings(), "http://localhost/api/", tmp_path, policy=tmp_path / "my policy.yml", speed=1.0, port=3999
    )
    said = further_links(bot)
    assert "http://127.0.0.1:3999/status" in said
    assert f"TOCSIN_POLICY='{tmp_path}/my policy.yml'" in said
    assert "TOCSIN_HOOK_TOKEN=demo PORT=3999" in said
    assert bot.env["SLACK_BOT_TOKEN"] not in said


async def test_a_bot_that_ends_at_once_is_noticed_with_its_last_words(tmp_path: Path) -> None:
    words = "import sys; sys.exit('the port is taken')"
    bot = BotProcess([sys.executable, "-c", words], dict(os.environ), tmp_path / "bot.log")
    async with sandbox.running() as ws:
        await bot.start()
        async with asyncio.timeout(20):
            await wait_until_connected(ws, bot)
    assert why_not(bot) == "The bot did not start. Its last words:\nthe port is taken"


def test_the_demos_policy_has_what_can_be_tried() -> None:
    policy = policy_reader.read(DEMO_POLICY).policy
    assert all(policy.severity(key).review_within for key in ("sev1", "sev2"))
    assert policy.status_page
    assert [route.do for route in policy.alerts.routes] == ["record", "declare", "ask"]
    assert all(policy.audiences[key].notify for key in ("internal", "customers"))

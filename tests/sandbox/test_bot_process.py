"""The bot as the demo starts it."""

from pathlib import Path

import pytest

from sandbox.bot_process import demo_bot
from sandbox.settings import Settings


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

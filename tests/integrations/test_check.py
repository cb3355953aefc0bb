"""`tocsin check` and the settings: methods that are set up, half set up, or missing although the policy uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.check.finding import Finding
from bot.check.run import run
from bot.settings import Settings
from tests.integrations.scene import policy_file

WHOLE: dict[str, Any] = {
    "pagerduty_routing_key": "secret-routing-key", "pagerduty_webhook_secret": "secret-hook",
    "smtp_url": "smtp://u:secret-mail@mail.example.org", "mail_from": "t@example.org",
    "twilio_account_sid": "AC0", "twilio_auth_token": "secret-token", "twilio_from": "+14155552345",
    "webhook_url": "https://example.org/secret-path", "webhook_secret": "secret-webhook",
}  # fmt: skip


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


async def findings(tmp_path: Path, **given: Any) -> list[Finding]:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    made = settings(tocsin_policy=policy_file(tmp_path), database_url=url, **given)
    return [finding for finding in await run(made) if finding.subject == "notifiers"]


async def test_check_lists_configured_methods_without_their_secrets(tmp_path: Path) -> None:
    found = await findings(tmp_path, **WHOLE)
    assert [(f.message, f.fine, f.warning) for f in found] == [
        (f"{way} is set up", True, False) for way in ("PagerDuty", "e-mail", "SMS", "webhook")
    ]


async def test_a_method_of_the_policy_that_is_not_configured_is_a_warning_with_a_hint(tmp_path: Path) -> None:
    found = await findings(tmp_path)
    assert all(f.fine and f.warning for f in found)
    assert [f.message for f in found][2] == (
        "the policy pages by sms, which is not set up: nobody is reached so. "
        "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM."
    )
    assert len(found) == 4


async def test_a_method_with_only_some_of_its_settings_is_a_problem(tmp_path: Path) -> None:
    found = await findings(tmp_path, twilio_account_sid="AC0", twilio_from="+14155552345", webhook_url="https://x.org")
    assert [f.message for f in found if not f.fine] == [
        "SMS is half set up: set TWILIO_AUTH_TOKEN too",
        "webhook is half set up: set WEBHOOK_SECRET too",
    ]


async def test_an_unencrypted_connection_is_a_warning(tmp_path: Path) -> None:
    plain = {"webhook_url": "http://gateway.internal/x", "smtp_url": "smtp+plain://relay.internal"}
    words = [f.message for f in await findings(tmp_path, **(WHOLE | plain)) if f.warning]
    assert ["WEBHOOK_URL" in words[0], "SMTP_URL" in words[1], len(words)] == [True, True, 2]
    local = {"webhook_url": "http://127.0.0.1:9000/x", "smtp_url": "smtp://localhost:25"}
    assert [f for f in await findings(tmp_path, **(WHOLE | local)) if f.warning] == []


async def test_pagerduty_without_a_webhook_secret_is_a_warning(tmp_path: Path) -> None:
    found = await findings(tmp_path, **(WHOLE | {"pagerduty_webhook_secret": None}))
    assert "PAGERDUTY_WEBHOOK_SECRET" in next(f.message for f in found if f.warning)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "⚠ heartbeat: HEARTBEAT_URL is not set: nobody outside notices when Tocsin stops."),
        ("https://hc-ping.com/secret", "✓ heartbeat: https://hc-ping.com/… is called every minute while all is well"),
        ("https://u:secret@up.example.org:8443/a?secret=1", "✓ heartbeat: https://up.example.org:8443/… is called"),
        ("http://up.example.org/secret", "⚠ heartbeat: HEARTBEAT_URL begins with http:// (http://up.example.org/…)"),
        ("http://127.0.0.1:3001/secret", "⚠ heartbeat: HEARTBEAT_URL is on this machine (http://127.0.0.1:3001/…)"),
    ],
)
async def test_check_names_the_host_of_the_heartbeat_without_its_secret(
    tmp_path: Path, url: str | None, said: str
) -> None:
    database = f"sqlite:///{tmp_path / 'empty.db'}"
    made = settings(tocsin_policy=policy_file(tmp_path), database_url=database, heartbeat_url=url)
    (line,) = [one.line() for one in await run(made) if one.subject == "heartbeat"]
    assert line.startswith(said)
    assert "secret" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_url", "mail.example.org:587/secret"),
        ("mail_from", "no address"),
        ("webhook_url", "ftp://secret.example.org"),
        ("twilio_api_url", "api.twilio.com"),
        ("pagerduty_events_url", "https:///v2"),
    ],
)
def test_an_invalid_setting_fails_at_start_without_being_shown(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="expected") as caught:
        settings(**{name: value})
    assert "secret" not in str(caught.value)


def test_every_secret_is_known_to_the_logs() -> None:
    known = "\n".join(settings(**WHOLE).secrets())
    for value in WHOLE.values():
        assert "secret" not in value or value in known
    assert "secret-mail" in known.splitlines()

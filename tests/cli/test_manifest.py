"""`tocsin manifest` prints the app's manifest, for Socket Mode or for signed HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot.cli.main import main
from bot.cli.manifest import manifest
from bot.domain.errors import TocsinError

ROOT = Path(__file__).resolve().parents[2]


def test_the_manifest_is_printed_as_it_is() -> None:
    assert CliRunner().invoke(main, ["manifest"]).output == (ROOT / "manifest.yml").read_text()


def test_with_an_address_everything_arrives_there_by_http() -> None:
    app = yaml.safe_load(manifest("https://bot.example.net/"))
    there = "https://bot.example.net/slack/events"
    assert app["settings"]["socket_mode_enabled"] is False
    assert app["features"]["slash_commands"][0]["url"] == there
    assert app["settings"]["event_subscriptions"]["request_url"] == there
    assert app["settings"]["interactivity"]["request_url"] == there
    assert app["settings"]["interactivity"]["message_menu_options_url"] == there


def test_another_command_has_its_name() -> None:
    assert yaml.safe_load(manifest(command="/outage"))["features"]["slash_commands"][0]["command"] == "/outage"


@pytest.mark.parametrize(("url", "command"), [("http://bot.example.net", "/incident"), (None, "incident now")])
def test_what_slack_would_refuse_is_refused_with_an_example(url: str | None, command: str) -> None:
    with pytest.raises(TocsinError, match="expected one such as"):
        manifest(url, command)

"""manifest.yml asks for exactly the scopes, events and commands that the bot uses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.check.slack import SCOPES
from bot.settings import Settings
from bot.slack.inbound import event_parser
from bot.slack.listeners import shortcuts
from bot.slack.listeners.events import HANDLERS
from tests.scenarios.assertions import declare, settle, type_command
from tests.scenarios.running import MANIFEST, ROOT, World

REFERENCE = ROOT.parent / "shared" / "slack" / "methods"
MANIFEST_OF = yaml.safe_load(MANIFEST.read_text())
FEATURES, SETTINGS = MANIFEST_OF["features"], MANIFEST_OF["settings"]
ASKED = MANIFEST_OF["oauth_config"]["scopes"]["bot"]
# Scopes that no call needs: they come with events, messages and commands.
OF_EVENTS = {
    "app_mentions:read": "app_mention",
    "chat:write.public": "posting where the bot is no member",
    "commands": "slash commands and shortcuts",
    "files:read": "files in messages",
    "links:read": "link_shared",
    "pins:read": "pin_added, pin_removed",
    "reactions:read": "reaction_added, reaction_removed",
    "users:read": "granted together with users:read.email",
}


def test_the_manifest_asks_for_the_scopes_that_check_looks_for() -> None:
    assert set(ASKED) == set(SCOPES)
    assert sorted(set(ASKED)) == ASKED


def test_every_event_of_the_manifest_has_a_handler_and_every_handler_its_event() -> None:
    subscribed = {name.partition(".")[0] for name in SETTINGS["event_subscriptions"]["bot_events"]}
    assert subscribed == set(HANDLERS)


def test_both_kinds_of_channels_and_the_messages_tab_are_listened_to() -> None:
    """Incident channels are public or private; direct messages to the bot are answered."""
    messages = {name for name in SETTINGS["event_subscriptions"]["bot_events"] if name.startswith("message.")}
    assert messages == {"message.channels", "message.groups", "message.im"}


def test_the_command_is_the_one_the_settings_expect_and_mentions_come_with_ids() -> None:
    (command,) = FEATURES["slash_commands"]
    assert command["command"] == Settings.model_fields["tocsin_command"].default
    assert command["should_escape"] is True


def test_every_shortcut_of_the_manifest_is_answered_and_named_as_documented() -> None:
    found = {one["callback_id"]: (one["type"], one["name"]) for one in FEATURES["shortcuts"]}
    source = Path(shortcuts.__file__).read_text()
    assert set(found) == set(re.findall(r'case "(\w+)":', source))
    assert found["declare"] == ("global", "Declare incident")
    assert found["add_to_timeline"] == ("message", "Add to timeline")
    assert found["declare_from_message"][0] == "message"
    assert all(len(name) <= 24 for _, name in found.values())  # Slack's limit for a shortcut's name


def test_interactivity_is_on_and_the_bot_can_be_written_to() -> None:
    assert SETTINGS["interactivity"]["is_enabled"] is True
    assert FEATURES["app_home"]["messages_tab_enabled"] is True


def test_the_descriptions_are_within_slacks_limits() -> None:
    assert len(MANIFEST_OF["display_information"]["description"]) <= 140
    assert len(MANIFEST_OF["display_information"]["name"]) <= 35
    assert all(len(one["description"]) <= 150 for one in FEATURES["shortcuts"])
    (command,) = FEATURES["slash_commands"]
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000


def test_key_reactions_include_the_pushpin_and_are_not_plain_reactions() -> None:
    assert "pushpin" in event_parser.KEY_REACTIONS
    assert not event_parser.KEY_REACTIONS & event_parser.RECORDED_REACTIONS


def methods_called() -> set[str]:
    """Every Web API method that the bot's code names."""
    found: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        found |= set(
            re.findall(
                r'"((?:canvases|chat|conversations|views|pins|bookmarks|users|usergroups|reactions|files)\.[\w.]+)"',
                path.read_text(),
            )
        )
    return found


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="Slack's reference is not here")
def test_every_method_the_bot_names_is_one_of_slacks_and_has_a_scope() -> None:
    for method in methods_called():
        known = json.loads((REFERENCE / f"{method}.json").read_text())
        wanted = scopes_of(known)
        assert not wanted or wanted & set(ASKED), (method, wanted)


def scopes_of(reference: dict[str, Any]) -> set[str]:
    return set((reference.get("scope") or {}).get("bot") or [])


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="Slack's reference is not here")
def test_no_scope_is_asked_for_that_nothing_needs() -> None:
    of_methods = [scopes_of(json.loads((REFERENCE / f"{method}.json").read_text())) for method in methods_called()]
    needed = set().union(*of_methods) | OF_EVENTS.keys()
    assert set(ASKED) <= needed


async def test_no_scope_is_lacking_in_an_incident_from_end_to_end(world: World) -> None:
    """The workspace refuses what the manifest does not grant, as Slack does."""
    channel = await declare(world)
    said = await world.maya.say(channel.name, "hello")
    await world.maya.react(said, "pushpin")
    for line in (
        "ack",
        "lead @tom",
        "update Rolling back",
        "severity sev1",
        "escalate",
        "invite @lena",
        "resolve Done",
    ):
        await type_command(world, "maya", channel.name, f"/incident {line}")
    await world.restart()
    await settle(world)
    assert not [call for call in world.ws.calls() if call.error == "missing_scope"]

"""The events that the app receives: their content, the filters, and Slack's reference."""

import importlib.util
from typing import Any

import pytest

from sandbox import Workspace, running
from tests.sandbox.conftest import REFERENCE, Bot, manifest

MAYA, TOM = "U0MAYA0000", "U0TOM00000"


async def everything_happens(ws: Workspace) -> None:
    """Cause every kind of event."""
    maya, tom = ws.person("maya"), ws.person("tom")
    ws.membership.join(ws.channel("general"), ws.bot, inviter=maya.id)
    message = await maya.say("general", "checkout is *down* @tocsin @tom https://x.example :fire:")
    await maya.edit(message, "checkout is slow")
    await tom.react(message, "eyes")
    await tom.unreact(message, "eyes")
    await tom.pin(message)
    await tom.unpin(message)
    reply = await tom.reply(message, "looking")
    await tom.reply(message, "found it", broadcast=True)
    await tom.delete(reply)
    shared = await maya.say("general", "graph", files=["graph.png"])
    await maya.say("general", "/me sighs")
    await maya.delete(shared)
    await maya.set_topic("general", "all hands")
    await maya.set_purpose("general", "everything")
    room = await maya.create("side-room")
    await maya.invite("side-room", "tocsin", "tom")
    await tom.leave("side-room")
    await tom.join("side-room")
    await maya.rename("side-room", "back-room")
    ws.posting.post(room, ws.bot.id, "I am a bot", bot_id=ws.bot.bot_id, app_id=ws.bot.app_id)
    deploys = ws.user("deploys")
    ws.posting.post(room, "", "deployed", subtype="bot_message", bot_id=deploys.bot_id, username="Deploys")
    await maya.archive("back-room")
    await maya.unarchive("back-room")
    await maya.dm("tocsin", "hello")
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    ws.modals.publish(maya.id, home)
    await maya.open_home()
    await maya.invite("back-room", "lena")
    ws.membership.join(ws.channel("payments"), ws.bot)
    await maya.kick("payments", "tocsin")
    gone = await maya.create("short-lived")
    await ws.person("sam").delete_channel(gone.id)
    ws.add_person("nina", "Nina New")
    ws.change_user("nina", title="Engineer")


async def test_every_event_matches_slacks_reference(bot: Bot) -> None:
    await everything_happens(bot.ws)
    await bot.ws.settled()
    events = [delivery.payload["event"] for delivery in bot.ws.journal.deliveries]
    kinds = {(event["type"], event.get("subtype")) for event in events}
    assert {kind for kind, _ in kinds} == {
        "app_home_opened", "app_mention", "channel_archive", "channel_created", "channel_deleted", "channel_left",
        "channel_rename", "channel_unarchive", "file_shared", "member_joined_channel", "member_left_channel",
        "message", "pin_added", "pin_removed", "reaction_added", "reaction_removed", "team_join", "user_change",
    }  # fmt: skip
    assert {subtype for kind, subtype in kinds if kind == "message"} == {
        None, "bot_message", "channel_archive", "channel_join", "channel_leave", "channel_name", "channel_purpose",
        "channel_topic", "channel_unarchive", "file_share", "me_message", "message_changed", "message_deleted",
        "thread_broadcast",
    }  # fmt: skip
    assert len(bot.events) == len(events)
    if not REFERENCE.exists():
        pytest.skip("Slack's reference data is not beside this checkout")
    spec = importlib.util.spec_from_file_location("conformance", REFERENCE)
    assert spec
    assert spec.loader
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    findings = [(event["type"], event.get("subtype"), reference.check_event(event)) for event in events]
    wrong = [f"{kind} {subtype} {lines}" for kind, subtype, lines in findings if lines]
    assert "\n".join(wrong) == ""


async def test_an_event_is_wrapped_as_slack_wraps_it(bot: Bot) -> None:
    ws = bot.ws
    ws.membership.join(ws.channel("general"), ws.bot)
    await ws.person("maya").say("general", "hello")
    await ws.settled()
    payload = ws.journal.deliveries[-1].payload
    assert payload["type"] == "event_callback"
    assert payload["event_id"].startswith("Ev")
    assert payload["api_app_id"] == ws.settings.app_id
    assert payload["authorizations"][0]["user_id"] == ws.bot.id
    event = payload["event"]
    assert event["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "hello"}]
    assert event["channel_type"] == "channel"
    assert event["client_msg_id"]


async def test_an_edit_carries_the_previous_message(bot: Bot) -> None:
    ws, maya = bot.ws, bot.ws.person("maya")
    ws.membership.join(ws.channel("general"), ws.bot)
    message = await maya.say("general", "one")
    await maya.edit(message, "two")
    await maya.delete(message)
    await ws.settled()
    changed, deleted = bot.received("message", "message_changed")[0], bot.received("message", "message_deleted")[0]
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("one", "two")
    assert changed["message"]["edited"]["user"] == MAYA
    assert (deleted["previous_message"]["text"], deleted["deleted_ts"]) == ("two", message.ts)


async def test_a_deleted_thread_parent_leaves_a_tombstone(bot: Bot) -> None:
    ws, maya = bot.ws, bot.ws.person("maya")
    ws.membership.join(ws.channel("general"), ws.bot)
    message = await maya.say("general", "one")
    await maya.reply(message, "two")
    await maya.delete(message)
    await ws.settled()
    (changed,) = bot.received("message", "message_changed")
    assert changed["message"]["subtype"] == "tombstone"
    assert changed["previous_message"]["text"] == "one"
    assert bot.received("message", "message_deleted") == []


async def test_the_app_gets_events_only_of_channels_its_bot_is_in(bot: Bot) -> None:
    await bot.ws.person("maya").say("general", "psst @tocsin")
    await bot.ws.settled()
    assert bot.events == []


async def test_the_app_gets_only_events_it_subscribes_to() -> None:
    async with running(manifest=manifest(events=["app_mention"])) as ws:
        ws.membership.join(ws.channel("general"), ws.bot)
        await ws.person("maya").say("general", "@tocsin hello")
        assert [delivery.payload["event"]["type"] for delivery in ws.journal.deliveries] == ["app_mention"]


async def test_the_bots_own_messages_are_events_too(bot: Bot) -> None:
    channel = (await bot.client.conversations_create(name="inc-1"))["channel"]["id"]
    await bot.client.chat_postMessage(channel=channel, text="card")
    await bot.ws.settled()
    (event,) = bot.received("message", None)
    assert event["bot_id"] == bot.ws.bot.bot_id
    assert event["bot_profile"]["app_id"] == bot.ws.settings.app_id
    assert bot.received("app_mention") == []


async def test_messages_of_partners_carry_their_own_team(bot: Bot) -> None:
    ws: Any = bot.ws
    ws.membership.join(ws.channel("general"), ws.bot)
    ws.channel("general").is_ext_shared = True
    ws.membership.join(ws.channel("general"), ws.user("alex"))
    await ws.person("alex").say("general", "hello from outside")
    await ws.settled()
    assert bot.received("message", None)[-1]["team"] == "T0PARTNER"

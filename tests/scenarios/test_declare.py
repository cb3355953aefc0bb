"""Somebody types `/incident declare …`, and an incident runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage import key_value
from tests.scenarios.assertions import (
    all_messages,
    announcements,
    buttons,
    declare,
    ephemeral_texts,
    settle,
    type_command,
    until,
    words,
)
from tests.scenarios.running import World, running_world

HARD_TITLE = ("🔥 <!channel> <!here> <@U0TOM00000> @everyone عطل في الدفع \u202eלא עובד 🚨 <b>&amp;</b> *x* " * 8)[:300]


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("declare sev2 Checkout is down", "sev2"),
        ("new sev2 Checkout is down", "sev2"),
        ("open SEV2 Checkout is down", "sev2"),
        ("sev1 Checkout is down", "sev1"),
        ("declare critical Checkout is down", "sev1"),
        ("declare  sev-3:  Checkout   is down", "sev3"),
    ],
)
async def test_one_line_with_a_severity_declares_at_once(world: World, line: str, severity: str) -> None:
    answer = await type_command(world, "maya", "#general", f"/incident {line}")
    assert "INC-1 is declared" in answer.replace("*", "")
    channel = await world.incident_channel()
    shown = await world.show()
    assert (channel.name, shown["severity"], shown["title"]) == (
        "inc-1-checkout-is-down",
        severity,
        "Checkout is down",
    )
    assert shown["status"] == "detected"
    assert shown["channel_id"] == channel.id
    assert world.maya.open_views() == []


@pytest.mark.parametrize("line", ["declare Checkout is down", "new Checkout is down", "open Checkout is down"])
async def test_without_a_severity_the_form_opens_with_the_title_in_it(world: World, line: str) -> None:
    reply = await world.maya.command("#general", f"/incident {line}")
    assert reply.ok
    assert world.maya.view.title == "Declare incident"
    assert world.maya.view.values["title"]["title"]["value"] == "Checkout is down"
    await world.maya.fill(world.maya.view, {"Severity": "sev3"})
    assert (await world.maya.submit()).ok
    assert (await world.incident_channel()).name == "inc-1-checkout-is-down"


async def test_a_severity_that_the_policy_lacks_opens_the_form(
    world: World,
) -> None:
    await world.maya.command("#general", "/incident p0 Checkout is down")
    assert world.maya.view.title == "Declare incident"
    assert world.maya.view.values["title"]["title"]["value"] == "p0 Checkout is down"


async def test_the_channel_has_a_pinned_card_a_topic_and_a_purpose(world: World) -> None:
    channel = await declare(world)
    (card,) = world.ws.pinned(channel.id)
    assert buttons(card) == [
        "Acknowledge",
        "Update status",
        "Change severity",
        "Assign roles",
        "Escalate",
        "Playbooks",
        "Resolve",
    ]
    seen = words(world, card)
    assert "INC-1 · Checkout is down" in seen
    assert "by @maya" in seen
    assert "Still needed" in seen
    assert "Incident commander" in seen
    assert "Checkout is down" in channel.topic["value"]
    assert "recorded" in channel.purpose["value"]
    assert world.maya.id in channel.members


async def test_the_reporter_gets_a_private_answer_with_a_link(world: World) -> None:
    channel = await declare(world)
    first, second = world.ws.ephemerals("maya")
    assert (first.channel, second.channel) == ("C0GENERAL0", "C0GENERAL0")
    assert f"<#{channel.id}>" in second.text
    assert world.ws.bot_messages("general") == []


async def test_it_is_announced_with_join_and_acknowledge(world: World) -> None:
    channel = await declare(world)
    (said,) = announcements(world)
    assert buttons(said) == ["Join", "Acknowledge"]
    assert f"<#{channel.id}>" in str(said.blocks)
    assert "Checkout is down" in words(world, said)
    assert world.ws.notified(said) == set()


async def test_join_on_the_announcement_brings_the_presser_in(world: World) -> None:
    channel = await declare(world)
    (said,) = announcements(world)
    await world.noor.press(said, "Join")
    assert any(f"#{channel.name}" in line for line in await ephemeral_texts(world, "noor"))
    assert world.noor.id in world.ws.channel(channel.id).members


async def test_the_announcement_is_edited_as_the_incident_moves_and_never_posted_again(world: World) -> None:
    channel = await declare(world)
    (said,) = announcements(world)
    for line in (
        "ack",
        "status identified Bad deploy",
        "severity sev1 All customers",
        "update Rolling back now",
        "lead @tom",
        "resolve Rolled back",
        "close",
    ):
        await type_command(world, "maya", channel.name, f"/incident {line}")
        await settle(world)
        assert announcements(world) == [said]
    seen = words(world, said)
    assert "Closed" in seen
    assert "Rolled back" in seen
    assert buttons(said) == []
    thread = [words(world, reply) for reply in world.ws.replies(said)]
    assert len(thread) == 5, thread
    for part, line in zip(("identified", "sev1", "Update #1", "resolved", "closed"), thread, strict=True):
        assert part in line
    assert not any("are responding" in line for line in thread)


async def test_news_is_never_broadcast_from_the_thread(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", channel.name, "/incident update Rolling back now")
    await settle(world)
    (said,) = announcements(world)
    (reply,) = world.ws.replies(said)
    assert not reply.broadcast
    assert world.ws.notified(reply) <= {world.maya.id}


async def test_the_hardest_title_makes_a_valid_channel_name_and_mentions_nobody(world: World) -> None:
    reply = await world.maya.command("#general", f"/incident declare sev2 {HARD_TITLE}")
    assert reply.ok, reply
    channel = await world.incident_channel()
    for line in ("update <!channel> and @here again", "status identified @channel <!everyone>", "resolve <!here>"):
        await type_command(world, "maya", channel.name, f"/incident {line}")
    await settle(world)
    assert re.fullmatch(r"inc-1(-[a-z0-9_-]+)?", channel.name)
    assert len(channel.name) <= 80
    for message in all_messages(world):
        if message.user != world.ws.bot.id or message.subtype:
            continue
        named = world.ws.mentioned(message)
        assert not named & {"here", "channel", "everyone"}, message.text
        assert world.tom.id not in named, message.text
        assert world.ws.notified(message) <= {world.maya.id}
    assert not re.search(r"<!(?:channel|here|everyone)", channel.topic["value"] + channel.purpose["value"])
    assert world.tom.id not in channel.members


async def test_a_title_of_emoji_alone_leaves_the_number(world: World) -> None:
    channel = await declare(world, "sev2 🔥🔥🔥")
    assert channel.name == "inc-1"
    assert (await world.show())["title"] == "🔥🔥🔥"


async def test_a_longer_title_is_cut_and_the_whole_kept_as_description(world: World) -> None:
    whole = "Checkout fails " * 40
    channel = await declare(world, f"sev2 {whole}")
    shown = await world.show()
    assert len(shown["title"]) <= 300
    assert shown["description"] == whole.strip()
    assert len(channel.name) <= 80
    assert "Checkout fails" in words(world, world.card(channel))


async def test_a_name_that_is_taken_gets_a_suffix(world: World) -> None:
    await world.sam.create("inc-1-checkout-is-down")
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await settle(world)
    shown = await world.show()
    channel = world.ws.channel(shown["channel_id"])
    assert channel.name == "inc-1-checkout-is-down-2"
    assert len(world.ws.pinned(channel.id)) == 1
    assert world.maya.id in channel.members


async def test_an_old_channel_of_the_bots_own_is_not_taken_for_the_new_one(world: World) -> None:
    old = world.ws.membership.create("inc-1-checkout-is-down", world.ws.bot.id)
    old.created -= 86_400
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await settle(world)
    shown = await world.show()
    assert shown["channel_id"] != old.id
    assert world.ws.channel(shown["channel_id"]).name == "inc-1-checkout-is-down-2"


async def test_a_failed_invitation_is_shown_on_the_card_and_can_be_retried(world: World) -> None:
    guest = world.ws.add_person("gus", "Gus Guest", is_restricted=True, is_ultra_restricted=True)
    channel = await declare(world)
    await type_command(world, "maya", channel.name, "/incident invite @gus @tom")
    await settle(world)
    assert world.tom.id in channel.members
    seen = words(world, world.card(channel))
    assert "Could not invite @gus: they are a guest" in seen
    assert "Retry" in buttons(world.card(channel))
    assert "delivery_failed" in await world.kinds()

    await world.maya.press(world.card(channel), "Retry")
    assert "Trying again." in await ephemeral_texts(world, "maya")
    assert "Could not invite" in words(world, world.card(channel))

    world.ws.change_user("gus", is_restricted=False, is_ultra_restricted=False)
    await world.maya.press(world.card(channel), "Retry")
    await settle(world)
    assert guest.id in channel.members
    assert "Could not" not in words(world, world.card(channel))
    assert "Retry" not in buttons(world.card(channel))


async def test_a_partner_who_cannot_be_invited_is_told_of_in_words_too(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", channel.name, "/incident invite @alex")
    await settle(world)
    seen = words(world, world.card(channel))
    assert "Could not invite @alex" in seen
    assert "Slack refused" not in seen


async def test_an_archived_announcement_channel_is_shown_on_the_card_and_stops_nothing_else(world: World) -> None:
    await world.sam.archive("incidents")
    channel = await declare(world)
    seen = words(world, world.card(channel))
    assert "Could not announce it" in seen
    assert "archived" in seen
    assert channel.topic["value"]
    assert world.maya.id in channel.members
    assert f"<#{channel.id}>" in world.ws.ephemerals("maya")[-1].text
    await type_command(world, "maya", channel.name, "/incident update Still works")
    await world.sam.unarchive("incidents")
    await world.maya.press(world.card(channel), "Retry")
    await settle(world)
    (said,) = announcements(world)
    assert "Still works" in words(world, said)
    assert "Could not" not in words(world, world.card(channel))


async def test_a_missing_announcement_channel_is_shown_on_the_card_and_retry_uses_the_new_one(
    world: World,
) -> None:
    await until(lambda: world.ws.bot.id in world.ws.channel("incidents").members)
    await world.sam.rename("incidents", "old-incidents")
    await world.restart()
    await world.sam.kick("old-incidents", world.ws.bot.name)
    async with world.tocsin.database.transaction() as conn:
        await key_value.announcement_channel("#incidents").put(conn, None)
    channel = await declare(world)
    seen = words(world, world.card(channel))
    assert "Could not announce it" in seen
    await world.sam.create("incidents")
    await world.maya.press(world.card(channel), "Retry")
    await settle(world)
    assert len(announcements(world)) == 1


async def test_an_announcement_channel_that_replaces_another_is_used(world: World) -> None:
    await declare(world)
    await world.sam.rename("incidents", "old-incidents")
    await world.sam.archive("old-incidents")
    await world.sam.create("incidents")
    await world.tom.command("#general", "/incident declare sev3 Search is slow")
    await world.incident_channel(2)
    await settle(world)
    assert len(announcements(world, "incidents")) == 1


async def test_a_step_that_is_refused_stops_no_other(world: World) -> None:
    for method in ("conversations.setTopic", "pins.add", "conversations.setPurpose"):
        world.ws.faults.add(method, error="restricted_action", count=None)
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await settle(world)
    channel = world.ws.find_channel("inc-1-")
    assert channel is not None
    (card,) = [m for m in world.ws.bot_messages(channel.id) if "Update status" in buttons(m)]
    seen = words(world, card)
    for step in ("set the topic", "pin the card", "set the purpose"):
        assert f"Could not {step}" in seen
    assert len(announcements(world)) == 1
    assert world.maya.id in channel.members
    world.ws.faults.clear()
    await world.maya.press(card, "Retry")
    await settle(world)
    assert [message.ts for message in world.ws.pinned(channel.id)] == [card.ts]
    assert channel.topic["value"]
    assert "Could not" not in words(world, card)


async def test_the_bridge_of_the_policy_becomes_a_bookmark(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text('preset: sev1-5\nbookmarks:\n  bridge: "https://meet.example.com/{id}"\n')
    async with running_world(sqlite_url, policy=policy) as world:
        channel = await declare(world)
        marks = [(mark["title"], mark["link"]) for mark in channel.bookmarks]
        assert marks == [("Bridge", "https://meet.example.com/INC-1")]


async def test_the_bridge_is_the_channels_own_huddle_where_there_is_a_war_room_or_the_policy_says_so(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    for text, severity, has_bridge in (
        ("preset: sev1-5\nbookmarks: {bridge: huddle}\n", "sev2", True),
        ("preset: sev1-5\nseverities: {sev2: {war_room: true}}\n", "sev2", True),
        ("preset: sev1-5\nseverities: {sev2: {war_room: true}}\n", "sev3", False),
    ):
        policy.write_text(text)
        async with running_world(sqlite_url, policy=policy) as world:
            before = len(world.ws.state.channels)
            await world.maya.command("#general", f"/incident declare {severity} Checkout is down")
            await settle(world)
            (channel,) = [
                each for each in list(world.ws.state.channels.values())[before:] if each.name.startswith("inc-")
            ]
            link = f"https://app.slack.com/huddle/{world.ws.settings.team_id}/{channel.id}"
            marks = [(mark["title"], mark["link"]) for mark in channel.bookmarks]
            assert marks == ([("Bridge", link)] if has_bridge else [])
            assert (f"<{link}|Join the huddle>" in str(world.card(channel).blocks)) is has_bridge


async def test_a_raise_to_a_severity_with_a_war_room_adds_the_huddle(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\nseverities: {sev1: {war_room: true}}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        channel = await declare(world)
        assert channel.bookmarks == []
        await type_command(world, "maya", channel.name, "/incident severity sev1 It spreads")
        await settle(world)
        assert [mark["title"] for mark in channel.bookmarks] == ["Bridge"]


async def test_declared_twice_are_two_incidents_each_with_its_own_card(world: World) -> None:
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await world.tom.command("#general", "/incident declare sev2 Checkout is down")
    first, second = await world.incident_channel(1), await world.incident_channel(2)
    assert {first.name, second.name} == {"inc-1-checkout-is-down", "inc-2-checkout-is-down"}
    await settle(world)
    assert len(announcements(world)) == 2


async def test_everything_the_bot_posts_carries_a_key_of_its_own(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", channel.name, "/incident lead @tom")
    await type_command(world, "maya", channel.name, "/incident update Rolling back")
    await settle(world)
    ours = [m for m in all_messages(world) if m.user == world.ws.bot.id and not m.subtype]
    keys = [(m.metadata or {}).get("event_payload", {}).get("key") for m in ours]
    assert len(ours) >= 5
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert {(m.metadata or {}).get("event_type") for m in ours} == {"tocsin"}

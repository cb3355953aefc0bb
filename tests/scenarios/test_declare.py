"""Somebody types `/incident declare …`, and an incident runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage import key_value
from tests.scenarios.assertions import all_messages, announcements, buttons, declared, rest, told, typed, until, words
from tests.scenarios.running import World, world

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
async def test_one_line_with_a_severity_declares_at_once(here: World, line: str, severity: str) -> None:
    answer = await typed(here, "maya", "#general", f"/incident {line}")
    assert "INC-1 is declared" in answer.replace("*", "")
    channel = await here.opened()
    shown = await here.show()
    assert (channel.name, shown["severity"], shown["title"]) == (
        "inc-1-checkout-is-down",
        severity,
        "Checkout is down",
    )
    assert shown["status"] == "detected"
    assert shown["channel_id"] == channel.id
    assert here.maya.open_views() == []


@pytest.mark.parametrize("line", ["declare Checkout is down", "new Checkout is down", "open Checkout is down"])
async def test_without_a_severity_the_form_opens_with_the_title_in_it(here: World, line: str) -> None:
    reply = await here.maya.command("#general", f"/incident {line}")
    assert reply.ok
    assert here.maya.view.title == "Declare incident"
    assert here.maya.view.values["title"]["title"]["value"] == "Checkout is down"
    await here.maya.fill(here.maya.view, {"Severity": "sev3"})
    assert (await here.maya.submit()).ok
    assert (await here.opened()).name == "inc-1-checkout-is-down"


async def test_a_severity_that_the_policy_lacks_opens_the_form(
    here: World,
) -> None:
    await here.maya.command("#general", "/incident p0 Checkout is down")
    assert here.maya.view.title == "Declare incident"
    assert here.maya.view.values["title"]["title"]["value"] == "p0 Checkout is down"


async def test_the_channel_has_a_pinned_card_a_topic_and_a_purpose(here: World) -> None:
    channel = await declared(here)
    (card,) = here.ws.pinned(channel.id)
    assert buttons(card) == [
        "Acknowledge",
        "Update status",
        "Change severity",
        "Assign roles",
        "Escalate",
        "Playbooks",
        "Resolve",
    ]
    seen = words(here, card)
    assert "INC-1 · Checkout is down" in seen
    assert "by @maya" in seen
    assert "Still needed" in seen
    assert "Incident commander" in seen
    assert "Checkout is down" in channel.topic["value"]
    assert "recorded" in channel.purpose["value"]
    assert here.maya.id in channel.members


async def test_the_reporter_gets_a_private_answer_with_a_link(here: World) -> None:
    channel = await declared(here)
    first, second = here.ws.ephemerals("maya")
    assert (first.channel, second.channel) == ("C0GENERAL0", "C0GENERAL0")
    assert f"<#{channel.id}>" in second.text
    assert here.ws.bot_messages("general") == []


async def test_it_is_announced_with_join_and_acknowledge(here: World) -> None:
    channel = await declared(here)
    (said,) = announcements(here)
    assert buttons(said) == ["Join", "Acknowledge"]
    assert f"<#{channel.id}>" in str(said.blocks)
    assert "Checkout is down" in words(here, said)
    assert here.ws.notified(said) == set()


async def test_join_on_the_announcement_brings_the_presser_in(here: World) -> None:
    channel = await declared(here)
    (said,) = announcements(here)
    await here.noor.press(said, "Join")
    assert any(f"#{channel.name}" in line for line in await told(here, "noor"))
    assert here.noor.id in here.ws.channel(channel.id).members


async def test_the_announcement_is_edited_as_the_incident_moves_and_never_posted_again(here: World) -> None:
    channel = await declared(here)
    (said,) = announcements(here)
    for line in (
        "ack",
        "status identified Bad deploy",
        "severity sev1 All customers",
        "update Rolling back now",
        "lead @tom",
        "resolve Rolled back",
        "close",
    ):
        await typed(here, "maya", channel.name, f"/incident {line}")
        await rest(here)
        assert announcements(here) == [said]
    seen = words(here, said)
    assert "Closed" in seen
    assert "Rolled back" in seen
    assert buttons(said) == []
    thread = [words(here, reply) for reply in here.ws.replies(said)]
    assert len(thread) == 5, thread
    for part, line in zip(("identified", "sev1", "Update #1", "resolved", "closed"), thread, strict=True):
        assert part in line
    assert not any("are responding" in line for line in thread)


async def test_news_is_never_broadcast_from_the_thread(here: World) -> None:
    channel = await declared(here)
    await typed(here, "maya", channel.name, "/incident update Rolling back now")
    await rest(here)
    (said,) = announcements(here)
    (reply,) = here.ws.replies(said)
    assert not reply.broadcast
    assert here.ws.notified(reply) <= {here.maya.id}


async def test_the_hardest_title_makes_a_valid_channel_name_and_mentions_nobody(here: World) -> None:
    reply = await here.maya.command("#general", f"/incident declare sev2 {HARD_TITLE}")
    assert reply.ok, reply
    channel = await here.opened()
    for line in ("update <!channel> and @here again", "status identified @channel <!everyone>", "resolve <!here>"):
        await typed(here, "maya", channel.name, f"/incident {line}")
    await rest(here)
    assert re.fullmatch(r"inc-1(-[a-z0-9_-]+)?", channel.name)
    assert len(channel.name) <= 80
    for message in all_messages(here):
        if message.user != here.ws.bot.id or message.subtype:
            continue
        named = here.ws.mentioned(message)
        assert not named & {"here", "channel", "everyone"}, message.text
        assert here.tom.id not in named, message.text
        assert here.ws.notified(message) <= {here.maya.id}
    assert not re.search(r"<!(?:channel|here|everyone)", channel.topic["value"] + channel.purpose["value"])
    assert here.tom.id not in channel.members


async def test_a_title_of_emoji_alone_leaves_the_number(here: World) -> None:
    channel = await declared(here, "sev2 🔥🔥🔥")
    assert channel.name == "inc-1"
    assert (await here.show())["title"] == "🔥🔥🔥"


async def test_a_longer_title_is_cut_and_the_whole_kept_as_description(here: World) -> None:
    whole = "Checkout fails " * 40
    channel = await declared(here, f"sev2 {whole}")
    shown = await here.show()
    assert len(shown["title"]) <= 300
    assert shown["description"] == whole.strip()
    assert len(channel.name) <= 80
    assert "Checkout fails" in words(here, here.card(channel))


async def test_a_name_that_is_taken_gets_a_suffix(here: World) -> None:
    await here.sam.create("inc-1-checkout-is-down")
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await rest(here)
    shown = await here.show()
    channel = here.ws.channel(shown["channel_id"])
    assert channel.name == "inc-1-checkout-is-down-2"
    assert len(here.ws.pinned(channel.id)) == 1
    assert here.maya.id in channel.members


async def test_an_old_channel_of_the_bots_own_is_not_taken_for_the_new_one(here: World) -> None:
    old = here.ws.membership.create("inc-1-checkout-is-down", here.ws.bot.id)
    old.created -= 86_400
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await rest(here)
    shown = await here.show()
    assert shown["channel_id"] != old.id
    assert here.ws.channel(shown["channel_id"]).name == "inc-1-checkout-is-down-2"


async def test_a_failed_invitation_is_shown_on_the_card_and_can_be_retried(here: World) -> None:
    guest = here.ws.add_person("gus", "Gus Guest", is_restricted=True, is_ultra_restricted=True)
    channel = await declared(here)
    await typed(here, "maya", channel.name, "/incident invite @gus @tom")
    await rest(here)
    assert here.tom.id in channel.members
    seen = words(here, here.card(channel))
    assert "Could not invite @gus: they are a guest" in seen
    assert "Retry" in buttons(here.card(channel))
    assert "delivery_failed" in await here.kinds()

    await here.maya.press(here.card(channel), "Retry")
    assert "Trying again." in await told(here, "maya")
    assert "Could not invite" in words(here, here.card(channel))

    here.ws.change_user("gus", is_restricted=False, is_ultra_restricted=False)
    await here.maya.press(here.card(channel), "Retry")
    await rest(here)
    assert guest.id in channel.members
    assert "Could not" not in words(here, here.card(channel))
    assert "Retry" not in buttons(here.card(channel))


async def test_a_partner_who_cannot_be_invited_is_told_of_in_words_too(here: World) -> None:
    channel = await declared(here)
    await typed(here, "maya", channel.name, "/incident invite @alex")
    await rest(here)
    seen = words(here, here.card(channel))
    assert "Could not invite @alex" in seen
    assert "Slack refused" not in seen


async def test_an_archived_announcement_channel_is_shown_on_the_card_and_stops_nothing_else(here: World) -> None:
    await here.sam.archive("incidents")
    channel = await declared(here)
    seen = words(here, here.card(channel))
    assert "Could not announce it" in seen
    assert "archived" in seen
    assert channel.topic["value"]
    assert here.maya.id in channel.members
    assert f"<#{channel.id}>" in here.ws.ephemerals("maya")[-1].text
    await typed(here, "maya", channel.name, "/incident update Still works")
    await here.sam.unarchive("incidents")
    await here.maya.press(here.card(channel), "Retry")
    await rest(here)
    (said,) = announcements(here)
    assert "Still works" in words(here, said)
    assert "Could not" not in words(here, here.card(channel))


async def test_a_missing_announcement_channel_is_shown_on_the_card_and_retry_uses_the_new_one(
    here: World,
) -> None:
    await until(lambda: here.ws.bot.id in here.ws.channel("incidents").members)
    await here.sam.rename("incidents", "old-incidents")
    await here.restarted()
    await here.sam.kick("old-incidents", here.ws.bot.name)
    async with here.tocsin.database.transaction() as conn:
        await key_value.announcement_channel("#incidents").put(conn, None)
    channel = await declared(here)
    seen = words(here, here.card(channel))
    assert "Could not announce it" in seen
    await here.sam.create("incidents")
    await here.maya.press(here.card(channel), "Retry")
    await rest(here)
    assert len(announcements(here)) == 1


async def test_an_announcement_channel_that_replaces_another_is_used(here: World) -> None:
    await declared(here)
    await here.sam.rename("incidents", "old-incidents")
    await here.sam.archive("old-incidents")
    await here.sam.create("incidents")
    await here.tom.command("#general", "/incident declare sev3 Search is slow")
    await here.opened(2)
    await rest(here)
    assert len(announcements(here, "incidents")) == 1


async def test_a_step_that_is_refused_stops_no_other(here: World) -> None:
    for method in ("conversations.setTopic", "pins.add", "conversations.setPurpose"):
        here.ws.faults.add(method, error="restricted_action", count=None)
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await rest(here)
    channel = here.ws.find_channel("inc-1-")
    assert channel is not None
    (card,) = [m for m in here.ws.bot_messages(channel.id) if "Update status" in buttons(m)]
    seen = words(here, card)
    for step in ("set the topic", "pin the card", "set the purpose"):
        assert f"Could not {step}" in seen
    assert len(announcements(here)) == 1
    assert here.maya.id in channel.members
    here.ws.faults.clear()
    await here.maya.press(card, "Retry")
    await rest(here)
    assert [message.ts for message in here.ws.pinned(channel.id)] == [card.ts]
    assert channel.topic["value"]
    assert "Could not" not in words(here, card)


async def test_the_bridge_of_the_policy_becomes_a_bookmark(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text('preset: sev1-5\nbookmarks:\n  bridge: "https://meet.example.com/{id}"\n')
    async with world(sqlite_url, policy=policy) as here:
        channel = await declared(here)
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
        async with world(sqlite_url, policy=policy) as here:
            before = len(here.ws.state.channels)
            await here.maya.command("#general", f"/incident declare {severity} Checkout is down")
            await rest(here)
            (channel,) = [
                each for each in list(here.ws.state.channels.values())[before:] if each.name.startswith("inc-")
            ]
            link = f"https://app.slack.com/huddle/{here.ws.settings.team_id}/{channel.id}"
            marks = [(mark["title"], mark["link"]) for mark in channel.bookmarks]
            assert marks == ([("Bridge", link)] if has_bridge else [])
            assert (f"<{link}|Join the huddle>" in str(here.card(channel).blocks)) is has_bridge


async def test_a_raise_to_a_severity_with_a_war_room_adds_the_huddle(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\nseverities: {sev1: {war_room: true}}\n")
    async with world(sqlite_url, policy=policy) as here:
        channel = await declared(here)
        assert channel.bookmarks == []
        await typed(here, "maya", channel.name, "/incident severity sev1 It spreads")
        await rest(here)
        assert [mark["title"] for mark in channel.bookmarks] == ["Bridge"]


async def test_declared_twice_are_two_incidents_each_with_its_own_card(here: World) -> None:
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await here.tom.command("#general", "/incident declare sev2 Checkout is down")
    first, second = await here.opened(1), await here.opened(2)
    assert {first.name, second.name} == {"inc-1-checkout-is-down", "inc-2-checkout-is-down"}
    await rest(here)
    assert len(announcements(here)) == 2


async def test_everything_the_bot_posts_carries_a_key_of_its_own(here: World) -> None:
    channel = await declared(here)
    await typed(here, "maya", channel.name, "/incident lead @tom")
    await typed(here, "maya", channel.name, "/incident update Rolling back")
    await rest(here)
    ours = [m for m in all_messages(here) if m.user == here.ws.bot.id and not m.subtype]
    keys = [(m.metadata or {}).get("event_payload", {}).get("key") for m in ours]
    assert len(ours) >= 5
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert {(m.metadata or {}).get("event_type") for m in ours} == {"tocsin"}

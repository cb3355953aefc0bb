"""The timeline writes itself: everything once, however it is delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World, running_world

INSIDE = "inc-1-checkout-is-down"


async def channel_entries(world: World, *kinds: str) -> list[dict[str, Any]]:
    await settle(world)
    return of_kind(await world.show(), *kinds)


async def test_a_message_is_recorded_with_author_text_and_permalink(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Cards & wallets are < refused >")
    (entry,) = await channel_entries(world, "message")
    assert (entry["actor"], entry["source_ts"]) == (world.maya.id, message.ts)
    assert "Cards" in entry["text"]
    assert entry["data"]["link"] == world.ws.permalink(message)
    assert entry["key"] is False


async def test_edits_keep_the_first_text_and_append_the_new_ones(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "first")
    await world.maya.edit(message, "second")
    await world.maya.edit(message, "third")
    entries = await channel_entries(world, "message", "message_edited")
    assert [(e["kind"], e["text"]) for e in entries] == [
        ("message", "first"),
        ("message_edited", "second"),
        ("message_edited", "third"),
    ]
    assert {e["source_ts"] for e in entries} == {message.ts}


async def test_a_deletion_is_marked_and_the_earlier_text_kept(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "my password is hunter2")
    await world.maya.delete(message)
    entries = await channel_entries(world, "message", "message_deleted")
    assert [(e["kind"], e["text"]) for e in entries] == [
        ("message", "my password is hunter2"),
        ("message_deleted", ""),
    ]
    assert entries[1]["source_ts"] == message.ts


async def test_a_deleted_thread_parent_is_a_deletion_too(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "parent")
    await world.maya.reply(message, "reply")
    await world.maya.delete(message)
    assert texts(await channel_entries(world, "message")) == ["parent", "reply"]
    (gone,) = await channel_entries(world, "message_deleted")
    assert gone["source_ts"] == message.ts
    assert await channel_entries(world, "message_edited") == []


async def test_thread_replies_and_broadcasts_are_recorded_once_with_their_thread(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "parent")
    await world.maya.reply(message, "reply")
    await world.maya.reply(message, "to all", broadcast=True)
    entries = await channel_entries(world, "message")
    assert texts(entries) == ["parent", "reply", "to all"]
    assert [e["data"].get("thread_ts") for e in entries] == [None, message.ts, message.ts]


async def test_files_are_recorded_with_name_and_link(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "the graph", files=["latency.png", "errors.csv"])
    files = await channel_entries(world, "file")
    assert texts(files) == ["latency.png", "errors.csv"]
    assert all(e["data"]["link"].startswith("http") and e["source_ts"] == message.ts for e in files)


async def test_joins_and_leaves_are_recorded_once_each(world: World) -> None:
    await declare(world)
    for act in (world.tom.join, world.tom.leave, world.tom.join, world.sam.join):
        await act(INSIDE)
        await settle(world)
    await world.sam.invite(INSIDE, "lena")
    await settle(world)
    await world.sam.kick(INSIDE, "lena")
    entries = await channel_entries(world, "joined", "left")
    assert [(e["kind"], e["actor"]) for e in entries] == [
        ("joined", world.maya.id),
        ("joined", world.tom.id),
        ("left", world.tom.id),
        ("joined", world.tom.id),
        ("joined", world.sam.id),
        ("joined", world.lena.id),
        ("left", world.lena.id),
    ]


async def test_pins_by_people_are_recorded_and_the_bots_own_is_not(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "important")
    await world.maya.pin(message)
    await world.maya.unpin(message)
    entries = await channel_entries(world, "pin")
    assert [(e["actor"], e["source_ts"], e["data"]["added"]) for e in entries] == [
        (world.maya.id, message.ts, True),
        (world.maya.id, message.ts, False),
    ]


async def test_a_pushpin_keys_a_message_and_taking_it_off_unkeys_it(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.tom.join(INSIDE)
    await world.tom.react(message, "pushpin")
    (entry,) = await channel_entries(world, "message")
    assert entry["key"] is True
    assert "Deploy 4512" in await type_command(world, "maya", INSIDE, "/incident timeline")
    await world.tom.unreact(message, "pushpin")
    (entry,) = await channel_entries(world, "message")
    assert entry["key"] is False
    assert [e["kind"] for e in await channel_entries(world, "keyed", "unkeyed")] == ["keyed", "unkeyed"]
    assert "Deploy 4512" not in await type_command(world, "maya", INSIDE, "/incident timeline")


async def test_a_key_entry_tells_the_last_text_of_its_message_marked_edited_or_deleted(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    await world.priya.join(INSIDE)
    message = await world.maya.say(INSIDE, "100 % of payments fail")
    await world.tom.react(message, "pushpin")
    await world.maya.edit(message, "10 %, sorry")
    await settle(world)
    for line in ("timeline", "show", "catchup"):
        said = await type_command(world, "priya" if line == "catchup" else "tom", INSIDE, f"/incident {line}")
        assert "10 %, sorry" in said, line
        assert "(edited)" in said, line
        assert "100 %" not in said, line
    whole = await type_command(world, "tom", INSIDE, "/incident timeline all")
    assert "100 % of payments fail _(edited later)_" in whole
    await world.maya.delete(message)
    await settle(world)
    said = await type_command(world, "tom", INSIDE, "/incident timeline")
    assert "10 %, sorry" in said
    assert "(deleted)" in said
    (entry,) = await channel_entries(world, "message")
    assert (entry["text"], entry["last_text"], entry["deleted"]) == ("100 % of payments fail", "10 %, sorry", True)


async def test_a_message_of_a_file_alone_stands_once_and_can_be_keyed(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "", files=["graph.png"])
    await world.tom.react(message, "pushpin")
    entries = await channel_entries(world, "message", "file")
    assert [(entry["kind"], entry["text"], entry["key"]) for entry in entries] == [("file", "graph.png", True)]


async def test_a_message_stays_key_while_one_of_several_people_holds_it_so(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.tom.join(INSIDE)
    await world.tom.react(message, "pushpin")
    await world.maya.react(message, "pushpin")
    await world.tom.unreact(message, "pushpin")
    assert (await channel_entries(world, "message"))[0]["key"] is True
    await world.maya.unreact(message, "pushpin")
    assert (await channel_entries(world, "message"))[0]["key"] is False


async def test_a_pushpin_on_a_reply_keys_the_reply(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "parent")
    reply = await world.maya.reply(message, "the cause")
    await world.maya.react(reply, "pushpin")
    assert [(e["text"], e["key"]) for e in await channel_entries(world, "message")] == [
        ("parent", False),
        ("the cause", True),
    ]


async def test_a_pushpin_on_a_message_that_was_never_heard_of_fetches_it(world: World) -> None:
    await declare(world)
    world.ws.delivery.faults.drop = True
    message = await world.maya.say(INSIDE, "lost on the way")
    reply = await world.maya.reply(message, "so was this")
    world.ws.delivery.faults.clear()
    await world.maya.react(reply, "pushpin")
    assert [(e["text"], e["key"]) for e in await channel_entries(world, "message")] == [("so was this", True)]


async def test_only_meaningful_reactions_are_recorded(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Roll back?")
    await world.tom.join(INSIDE)
    for name in ("white_check_mark", "tada", "+1"):
        await world.tom.react(message, name)
    await world.tom.unreact(message, "+1")
    assert texts(await channel_entries(world, "reaction")) == [":white_check_mark:", ":+1:", ":+1: taken back"]


async def test_topic_purpose_and_name_changes_are_recorded_and_ours_are_not(world: World) -> None:
    await declare(world)
    await world.maya.set_topic(INSIDE, "war room")
    await world.maya.set_purpose(INSIDE, "fix it")
    await world.maya.rename(INSIDE, "inc-1-payments")
    entries = await channel_entries(world, "topic", "renamed")
    assert [(e["kind"], e["actor"], e["text"]) for e in entries] == [
        ("topic", world.maya.id, "war room"),
        ("topic", world.maya.id, "fix it"),
        ("renamed", world.maya.id, "inc-1-payments"),
    ]
    assert entries[-1]["data"]["before"] == INSIDE
    await type_command(world, "maya", "inc-1-payments", "/incident note still the same incident")
    assert len(await channel_entries(world, "note")) == 1


async def test_other_bots_guests_and_partners_are_recorded_as_who_they_are(world: World) -> None:
    channel = await declare(world)
    for name in ("deploys", "gail", "alex"):
        world.ws.membership.join(channel, world.ws.user(name))
    world.ws.posting.post(channel, "U0DEPLOYS0", "Deploy 4513 is out", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    world.ws.posting.post(channel, "", "hook says hi", subtype="bot_message", bot_id="B0HOOK0000", username="A webhook")
    await world.ws.person("gail").say(INSIDE, "guest here")
    await world.ws.person("alex").say(INSIDE, "partner here")
    entries = {e["text"]: e for e in await channel_entries(world, "message")}
    assert entries["Deploy 4513 is out"]["actor"] == "U0DEPLOYS0"
    assert entries["Deploy 4513 is out"]["data"]["bot"] is True
    assert entries["hook says hi"]["actor"] == "B0HOOK0000"
    assert entries["guest here"]["actor"] == world.ws.user("gail").id
    assert "external" not in entries["guest here"]["data"]
    assert entries["partner here"]["data"]["external"] is True


async def test_an_integrations_attachment_is_recorded_by_its_words(world: World) -> None:
    channel = await declare(world)
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "CPU at 97 %"}, "block_id": "b"}]
    world.ws.posting.post(channel, "U0DEPLOYS0", "", blocks=blocks, bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    assert texts(await channel_entries(world, "message")) == ["CPU at 97 %"]


async def test_a_bots_rewording_counts_as_an_edit_and_a_link_preview_does_not(world: World) -> None:
    channel = await declare(world)
    message = world.ws.posting.post(channel, "U0DEPLOYS0", "Deploying", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    world.ws.posting.edit(message, "U0DEPLOYS0", {"text": "Deployed"}, quiet=True)
    world.ws.posting.edit(message, "U0DEPLOYS0", {"attachments": [{"text": "a preview", "id": 1}]}, quiet=True)
    assert texts(await channel_entries(world, "message", "message_edited")) == ["Deploying", "Deployed"]


async def test_the_bots_own_messages_are_not_recorded_as_chatter(world: World) -> None:
    await declare(world)
    for line in ("ack", "update Rolling back", "severity sev1", "lead @tom", "resolve Done"):
        await type_command(world, "maya", INSIDE, f"/incident {line}")
    await settle(world)
    bot = world.ws.bot
    assert not [
        e
        for e in (await world.show())["timeline"]
        if e["actor"] in (bot.id, bot.bot_id) or e["kind"] in ("message", "message_edited")
    ]


async def test_messages_outside_incident_channels_are_not_recorded(world: World) -> None:
    await declare(world)
    await world.sam.invite("payments", "tocsin")
    await world.tom.say("payments", "not about the incident")
    await world.tom.say("incidents", "nor this")
    assert await channel_entries(world, "message") == []


async def test_invalid_unicode_is_recorded_without_losing_the_rest(world: World) -> None:
    channel = await declare(world)
    for number, text in enumerate(("half \ud83d an emoji", "a nul \x00 byte", "\u202e turned"), 1):
        ts = f"1790000000.00010{number}"
        world.ws.publish(
            {
                "type": "message", "channel": channel.id, "channel_type": "channel", "user": world.maya.id,
                "text": text, "ts": ts, "event_ts": ts,
            }
        )  # fmt: skip
    entries = await channel_entries(world, "message")
    assert len(entries) == 3
    assert sorted(e["text"].split()[0] for e in entries) == sorted(["half", "a", "\u202e"])


async def test_a_policy_that_records_only_the_key_leaves_chatter_out(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\ntimeline: {record: key}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        message = await world.maya.say(INSIDE, "chatter")
        keyed = await world.maya.say(INSIDE, "Deploy 4512 went out")
        await world.maya.edit(message, "chatter, edited")
        await world.maya.react(keyed, "pushpin")
        assert [(e["text"], e["key"]) for e in await channel_entries(world, "message")] == [
            ("Deploy 4512 went out", True)
        ]
        await world.maya.pin(message)
        await world.maya.edit(keyed, "Deploy 4513 went out")
        await world.tom.join(INSIDE)
        await world.restart()
        recorded = await channel_entries(world, "message", "message_edited", "pin", "joined")
        others = [(e["kind"], e["text"]) for e in recorded if e["kind"] != "joined"]
        assert others == [("message", "Deploy 4512 went out"), ("message_edited", "Deploy 4513 went out")]
        assert world.tom.id in [e["actor"] for e in recorded if e["kind"] == "joined"]


async def test_with_key_entries_chatter_still_softens_reminders(database_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    only = "{respond_within: null, update_every: 15m, escalate_after: null, roles: [], ladder: []}"
    policy.write_text(f"preset: sev1-5\ntimeline: {{record: key}}\nseverities:\n  sev2: {only}\n")
    async with running_world(database_url, policy=policy) as world:
        channel = await world.declare("sev2 Checkout is down")
        await world.pass_time(minutes=14)
        for number in range(3):
            await world.maya.say(channel.id, f"looking at pod {number}")
        await world.ws.settled()
        await world.pass_time(minutes=1)
        (sent,) = [row for row in (await world.show())["reminders"] if row["state"] == "sent"]
        assert "softened" in sent["reason"]
        assert await channel_entries(world, "message") == []


# — however it is delivered

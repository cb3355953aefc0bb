"""Edits, deletions, reactions and pins from the bot's absence are on the timeline once it is back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World, running_world, start
from tests.scenarios.test_backfill import Away, messages

INSIDE = "inc-1-checkout-is-down"


async def about(world: World, *kinds: str) -> list[tuple[str, str, str]]:
    """`(kind, actor, text)`, in the order of the book."""
    return [(e["kind"], e["actor"], e["text"]) for e in of_kind(await world.show(), *kinds)]


async def again(world: World, times: int = 2) -> None:
    for _ in range(times):
        await world.restart()
        await settle(world)


async def test_a_reply_in_an_old_thread_that_was_edited_meanwhile_is_fetched_once(world: World) -> None:
    await declare(world)
    parent = await world.maya.say(INSIDE, "an old thread")
    reply = await world.maya.reply(parent, "4512 is fine")
    async with Away(world):
        pass  # the thread is known, and nothing new is said in it
    async with Away(world):
        await world.maya.edit(reply, "4512 is broken")
    assert texts(of_kind(await world.show(), "message_edited")) == ["4512 is broken"]
    await again(world)
    assert texts(of_kind(await world.show(), "message_edited")) == ["4512 is broken"]
    assert await messages(world) == ["an old thread", "4512 is fine"]


async def test_what_was_deleted_meanwhile_is_said_to_be_gone_and_its_words_stay(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    secret = await world.maya.say(INSIDE, "a secret")
    parent = await world.tom.say(INSIDE, "a thread that loses its head")
    lost = await world.maya.reply(parent, "a reply that goes")
    await world.maya.reply(parent, "a reply that stays")
    bare = await world.tom.say(INSIDE, "a thread that loses its only reply")
    only = await world.maya.reply(bare, "the only one")
    last = await world.tom.say(INSIDE, "the last word")
    async with Away(world):
        for message in (secret, lost, only):
            await world.maya.delete(message)
        for message in (parent, last):
            await world.tom.delete(message)
    gone = {e["source_ts"]: e for e in of_kind(await world.show(), "message_deleted")}
    assert set(gone) == {secret.ts, parent.ts, lost.ts, only.ts, last.ts}
    assert gone[secret.ts]["actor"] == world.maya.id
    assert all(e["data"] == {"fetched": True} for e in gone.values())
    assert "a secret" in await messages(world)
    assert "was deleted while I was offline" in await type_command(world, "maya", INSIDE, "/incident timeline all")
    await again(world)
    assert len(of_kind(await world.show(), "message_deleted")) == 5
    async with world.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []
    assert channel.id


async def test_what_the_workspace_no_longer_shows_was_deleted_by_nobody(world: World) -> None:
    """Retention takes the oldest messages away, and some plans do not show them."""
    channel = await declare(world)
    for number in range(3):
        await world.maya.say(INSIDE, f"long ago {number}")
    await world.maya.say(INSIDE, "today")
    async with Away(world):
        log = world.ws.state.logs[channel.id]
        for message in [m for m in log.messages.values() if m.text != "today"]:
            world.ws.state.remove_message(message)
    assert of_kind(await world.show(), "message_deleted") == []


async def test_pushpins_and_reactions_of_meanwhile_are_fetched_once(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    other = await world.maya.say(INSIDE, "Nobody was told")
    reply = await world.maya.reply(message, "the cause")
    await world.tom.react(other, "pushpin")
    await world.tom.react(other, "eyes")
    async with Away(world):
        pass
    async with Away(world):
        await world.tom.react(message, "pushpin")
        await world.maya.react(reply, "pushpin")
        await world.tom.react(reply, "tada")
        await world.maya.react(reply, "+1::skin-tone-3")
        await world.tom.unreact(other, "pushpin")
        await world.tom.unreact(other, "eyes")
        late = await world.tom.say(INSIDE, "said and marked")
        await world.tom.react(late, "pushpin")
    standing = {e["text"]: e["key"] for e in of_kind(await world.show(), "message")}
    assert standing == {
        "Deploy 4512 went out": True, "Nobody was told": False, "the cause": True, "said and marked": True,
    }  # fmt: skip
    marks = await about(world, "keyed", "unkeyed", "reaction")
    assert sorted(marks[:2]) == [("keyed", world.tom.id, ""), ("reaction", world.tom.id, ":eyes:")]
    assert sorted(marks[2:]) == sorted(
        [
            ("keyed", world.tom.id, ""), ("keyed", world.tom.id, ""), ("keyed", world.maya.id, ""),
            ("reaction", world.maya.id, ":+1:"), ("unkeyed", world.tom.id, ""),
            ("reaction", world.tom.id, ":eyes: taken back"),
        ]
    )  # fmt: skip
    await again(world)
    assert await about(world, "keyed", "unkeyed", "reaction") == marks
    await world.tom.react(other, "pushpin")
    await settle(world)
    assert (await about(world, "keyed", "unkeyed", "reaction"))[len(marks) :] == [("keyed", world.tom.id, "")]


async def test_a_pushpin_that_was_fetched_and_is_then_delivered_late_is_one_entry(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await settle(world)
    await world.tocsin.stop()
    world.ws.delivery.faults.hold = True
    await world.maya.react(message, "pushpin")
    await world.maya.react(message, "eyes")
    await world.maya.pin(message)
    await world.maya.delete(await world.maya.say(INSIDE, "never mind"))
    world.tocsin = await start(world.ws, world.settings)
    await settle(world)
    assert sorted(await about(world, "keyed", "reaction", "pin")) == [
        ("keyed", world.maya.id, ""),
        ("pin", world.maya.id, "pinned a message"),
        ("reaction", world.maya.id, ":eyes:"),
    ]
    await world.maya.unreact(message, "pushpin")
    await world.maya.react(message, "pushpin")
    await settle(world)
    assert [kind for kind, *_ in await about(world, "keyed", "unkeyed")] == ["keyed", "unkeyed", "keyed"]


async def test_a_message_keyed_by_the_shortcut_stays_so(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.maya.message_shortcut("add_to_timeline", message)
    await settle(world)
    async with Away(world):
        pass
    assert await about(world, "keyed", "unkeyed") == [("keyed", world.maya.id, "")]


async def test_pins_of_meanwhile_are_fetched_with_who_pinned_and_the_bots_own_are_not(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "important")
    other = await world.maya.say(INSIDE, "less so")
    await world.maya.pin(other)
    async with Away(world):
        await world.tom.pin(message)
        await world.tom.unpin(other)
    expected = [
        ("pin", world.maya.id, "pinned a message"),
        ("pin", world.tom.id, "pinned a message"),
        ("pin", "unknown", "unpinned a message"),
    ]
    assert sorted(await about(world, "pin")) == sorted(expected)
    await again(world)
    assert len(await about(world, "pin")) == 3


async def test_with_key_entries_only_a_pushpin_of_meanwhile_brings_its_message(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\nannounce: '#incidents'\ntimeline: {record: key}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        message = await world.maya.say(INSIDE, "Deploy 4512 went out")
        await world.maya.say(INSIDE, "chatter")
        async with Away(world):
            await world.maya.react(message, "pushpin")
            await world.maya.react(message, "eyes")
            await world.maya.pin(message)
        assert await messages(world) == ["Deploy 4512 went out"]
        assert await about(world, "keyed", "reaction", "pin") == [("keyed", world.maya.id, "")]


async def test_a_card_that_was_deleted_meanwhile_is_put_back(world: World) -> None:
    channel = await declare(world)
    async with Away(world):
        world.ws.posting.delete(world.card(channel))
    await world.ws.until(lambda: world.ws.pinned(channel.id))
    assert "Checkout is down" in str(world.card(channel).blocks)


async def test_people_whom_slack_does_not_name_are_not_said_to_have_taken_a_reaction_back(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.maya.react(message, "pushpin")
    await world.tom.react(message, "pushpin")
    messages_api = world.ws.slack_messages
    complete = messages_api.message

    def shortened(*args: Any, **more: Any) -> dict[str, Any]:
        shape = complete(*args, **more)
        return shape | {
            "reactions": [reaction | {"users": reaction["users"][:1]} for reaction in shape.get("reactions", [])]
        }

    async with Away(world):
        messages_api.message = shortened  # type: ignore[method-assign]
    assert of_kind(await world.show(), "unkeyed") == []
    assert channel.id

"""Shortcuts: from anywhere, and from a message."""

from __future__ import annotations

import pytest

from sandbox.forms import choices, find
from tests.scenarios.assertions import (
    declare,
    direct_messages,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def test_declare_incident_opens_the_form_from_anywhere(world: World) -> None:
    assert (await world.maya.shortcut("Declare incident")).ok
    await world.maya.fill(world.maya.view, {"Title": "Checkout is down", "Severity": "sev2"})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    direct = world.ws.state.im_between(world.ws.bot.id, world.maya.id)
    assert direct is not None
    assert any(f"#{channel.name}" in words(world, m) for m in world.ws.bot_messages(direct.id))


async def test_declare_from_a_message_fills_the_form_and_keeps_where_it_came_from(world: World) -> None:
    message = await world.tom.say("payments", "Checkout throws 500s <now> & then\nsince 02:47, @maya knows")
    assert (await world.maya.message_shortcut("Declare from message", message)).ok
    values = world.maya.view.values
    assert values["title"]["title"]["value"] == "Checkout throws 500s <now> & then"
    assert "since 02:47" in values["description"]["description"]["value"]
    await world.maya.fill(world.maya.view, {"Severity": "sev2"})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    shown = await world.show()
    assert shown["title"] == "Checkout throws 500s <now> & then"
    (note,) = of_kind(shown, "note")
    assert note["data"]["link"] == world.ws.permalink(message)
    assert world.tom.mention in note["text"]
    assert "since 02:47" in words(world, world.card(channel))


async def test_declare_from_a_message_answers_in_its_thread_and_the_card_links_it(world: World) -> None:
    message = await world.tom.say("payments", "Checkout throws 500s")
    reply = await world.noor.reply(message, "Here too")
    for chosen in (message, reply):
        await world.maya.message_shortcut("Declare from message", chosen)
        await world.maya.fill(world.maya.view, {"Severity": "sev2"})
        assert (await world.maya.submit()).ok
    for number, chosen in ((1, message), (2, reply)):
        channel = await world.incident_channel(number)
        await settle(world)
        (answer,) = [m for m in world.ws.bot_messages("payments") if f"INC-{number}" in words(world, m)]
        assert answer.thread_ts == message.ts
        assert "declared from this message by @maya" in words(world, answer)
        assert f"#{channel.name}" in words(world, answer)
        assert f"<{world.ws.permalink(chosen)}|this message>".replace("&", "&amp;") in str(world.card(channel).blocks)
    assert not world.ws.ephemerals(world.maya.id)


async def test_declare_a_private_incident_from_a_message_tells_nobody_in_its_thread(world: World) -> None:
    message = await world.tom.say("payments", "Somebody reads our mail")
    await world.maya.message_shortcut("Declare from message", message)
    await world.maya.fill(world.maya.view, {"Severity": "sev2", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)
    assert not world.ws.bot_messages("payments")
    answers = [words(world, shown) for shown in world.ws.ephemerals(world.maya.id, "payments")]
    answers += [words(world, message) for message in direct_messages(world, world.maya.id)]
    assert any("INC-1" in answer for answer in answers)


async def test_declare_from_a_message_where_the_bot_may_not_write_answers_directly(world: World) -> None:
    await world.tom.create("secret-plans", is_private=True)
    await world.tom.invite("secret-plans", "maya")
    message = await world.tom.say("secret-plans", "Checkout throws 500s")
    await world.maya.message_shortcut("Declare from message", message)
    await world.maya.fill(world.maya.view, {"Severity": "sev2"})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)
    assert any("INC-1" in words(world, m) for m in direct_messages(world, world.maya.id))


@pytest.mark.parametrize("text", ["x" * 2900, "🔥" * 1200, "<" * 2900, " ", "\n\n"], ids=len)
async def test_declare_from_any_message_opens_a_form_that_slack_takes(world: World, text: str) -> None:
    message = await world.tom.say("payments", text, files=["graph.png"])
    assert (await world.maya.message_shortcut("Declare from message", message)).ok
    assert world.maya.view.title == "Declare incident"
    await world.maya.fill(world.maya.view, {"Title": "Checkout is down", "Severity": "sev2"})
    assert (await world.maya.submit()).ok
    await world.incident_channel()


async def test_declare_from_a_bots_message_works_as_well(world: World) -> None:
    alert = world.ws.posting.post(
        world.ws.channel("payments"), "U0DEPLOYS0", "", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0",
        blocks=[{"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "*CPU* at 97 %"}}],
    )  # fmt: skip
    assert (await world.maya.message_shortcut("Declare from message", alert)).ok
    assert "CPU" in world.maya.view.values["title"]["title"]["value"]


async def test_add_to_timeline_inside_keys_the_message_once(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.tom.join(INSIDE)
    assert (await world.tom.message_shortcut("Add to timeline", message)).ok
    assert any("key entry of the timeline now" in line for line in await ephemeral_texts(world, "tom"))
    (entry,) = of_kind(await world.show(), "message")
    assert entry["key"] is True
    await world.tom.message_shortcut("Add to timeline", message)
    assert any("already" in line for line in await ephemeral_texts(world, "tom"))
    assert len(of_kind(await world.show(), "keyed")) == 1
    assert "Deploy 4512" in await type_command(world, "maya", INSIDE, "/incident timeline")


async def test_add_to_timeline_outside_asks_which_incident_and_notes_it_with_its_link(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    message = await world.noor.say("payments", "Customers write in since 02:40 <!channel>")
    assert (await world.tom.message_shortcut("Add to timeline", message)).ok
    view = world.tom.view
    assert view.title == "Add to timeline"
    labels = [option["text"]["text"] for option in choices(find(view.body["blocks"], "Incident").element)]
    assert sorted(labels) == ["INC-1 · Checkout is down", "INC-2 · Typo on the page"]
    await world.tom.fill(view, {"Incident": "INC-1"})
    assert (await world.tom.submit()).ok
    await settle(world)
    (note,) = of_kind(await world.show(), "note")
    assert "Customers write in since 02:40" in note["text"]
    assert note["data"]["link"] == world.ws.permalink(message)
    assert note["actor"] == world.tom.id
    assert of_kind(await world.show(2), "note") == []


async def test_add_to_timeline_with_nothing_open_says_so(world: World) -> None:
    message = await world.noor.say("payments", "Customers write in")
    assert (await world.tom.message_shortcut("Add to timeline", message)).ok
    await settle(world)
    assert any("no open incident" in line for line in await ephemeral_texts(world, "tom"))


async def test_add_to_timeline_of_the_bots_own_message_does_not_record_it_as_chatter(world: World) -> None:
    channel = await declare(world)
    assert (await world.maya.message_shortcut("Add to timeline", world.card(channel))).ok
    await settle(world)
    assert texts(of_kind(await world.show(), "message")) == []


async def test_add_to_timeline_after_the_end_completes_the_history(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "It was the index")
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    assert (await world.maya.message_shortcut("Add to timeline", message)).ok
    await settle(world)
    assert [e["key"] for e in of_kind(await world.show(), "message")] == [True]

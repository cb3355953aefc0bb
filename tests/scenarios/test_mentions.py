"""Mentions of the bot carry out verbs: in the channel, elsewhere, once for each delivery."""

from __future__ import annotations

from tests.scenarios.assertions import (
    buttons,
    declare,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def test_a_mention_in_the_channel_understands_the_verbs(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    await world.tom.say(INSIDE, "@tocsin ack")
    assert any("You are responding to INC-1" in line for line in await ephemeral_texts(world, "tom"))
    await world.tom.say(INSIDE, "@tocsin: note Deploy 4512 went out")
    await world.tom.say(INSIDE, "@tocsin, lead @priya")
    answers = await ephemeral_texts(world, "tom")
    await world.tom.say(INSIDE, "thank you @tocsin!")
    assert await ephemeral_texts(world, "tom") == answers
    shown = await world.show()
    assert shown["status"] == "acknowledged"
    assert shown["roles"] == {"commander": world.priya.id}
    assert texts(of_kind(shown, "note")) == ["Deploy 4512 went out"]


async def test_a_mention_delivered_three_times_is_answered_once(world: World) -> None:
    await declare(world)
    world.ws.delivery.faults.copies = 3
    await world.maya.say(INSIDE, "@tocsin note Deploy 4512 went out")
    await world.maya.say(INSIDE, "@tocsin roles")
    await world.maya.say(INSIDE, "@tocsin xyzzy")
    answers = await ephemeral_texts(world, "maya")
    assert texts(of_kind(await world.show(), "note")) == ["Deploy 4512 went out"]
    assert sum("Noted on the timeline" in line for line in answers) == 1
    assert sum("Roles of INC-1" in line for line in answers) == 1
    assert sum("I don't know" in line for line in answers) == 1


async def test_a_mention_that_needs_a_form_is_answered_with_a_command(world: World) -> None:
    await declare(world)
    await world.maya.say(INSIDE, "@tocsin update")
    assert any("/incident update" in line for line in await ephemeral_texts(world, "maya"))
    await world.maya.say(INSIDE, "@tocsin")
    await settle(world)
    assert any("Acknowledge" in buttons(shown) for shown in world.ws.ephemerals("maya"))


async def test_a_mention_elsewhere_can_declare(world: World) -> None:
    await world.sam.invite("payments", "tocsin")
    await world.tom.say("payments", "@tocsin sev2 Checkout is down")
    channel = await world.incident_channel()
    assert any(f"#{channel.name}" in line for line in await ephemeral_texts(world, "tom"))
    assert world.tom.id in channel.members


async def test_another_bots_mention_is_not_obeyed(world: World) -> None:
    await declare(world)
    event = {
        "type": "app_mention", "user": "U0DEPLOYS0", "bot_id": "B0DEPLOYS0", "channel": world.ws.channel(INSIDE).id,
        "text": f"<@{world.ws.bot.id}> resolve", "ts": "1700000000.000100", "event_ts": "1700000000.000100",
    }  # fmt: skip
    world.ws.publish(event)
    await settle(world)
    assert (await world.show())["status"] == "detected"

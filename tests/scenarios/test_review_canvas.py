"""The review in a canvas: created once, kept up to date, and people's own text stays."""

from __future__ import annotations

from sandbox.methods.canvases import sections_of
from sandbox.person import Person
from tests.scenarios.assertions import buttons, declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def wrote(world: World, person: Person, section: str, text: str) -> None:
    reply = await person.command(INSIDE, "/incident review")
    assert reply.message is not None
    await person.press(reply.message, "Edit")
    await person.fill(person.view, {section: text})
    assert (await person.submit()).ok
    await settle(world)


def lines(world: World) -> list[str]:
    channel = world.ws.channel(INSIDE)
    assert channel.canvas is not None
    return [markdown for _, markdown in sections_of(world.ws, channel.canvas)]


async def test_a_canvas_follows_the_review_and_keeps_what_people_wrote_in_it(world: World) -> None:
    await declare(world, "sev3 Checkout is down")
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    assert "Canvas" in buttons(reply.message)
    await world.maya.press(reply.message, "Canvas")
    await settle(world)
    assert lines(world)[0] == "# Review of INC-1"
    assert "## Lessons" in lines(world)
    told = texts(of_kind(await world.show(), "review"))
    assert told[-1].startswith("put the review into a canvas: http")
    await wrote(world, world.maya, "Lessons", "- Roll out slowly\n- Watch the pool")
    at = lines(world).index("## Lessons")
    assert lines(world)[at + 1 : at + 3] == ["- Roll out slowly", "- Watch the pool"]
    await wrote(world, world.maya, "Lessons", "- Roll out in steps")
    at = lines(world).index("## Lessons")
    assert lines(world)[at + 1] == "- Roll out in steps"
    assert lines(world)[at + 2].startswith("## ")
    channel = world.ws.channel(INSIDE)
    canvas = sections_of(world.ws, channel.canvas or "")
    canvas[at + 1][1] = "- Roll out in steps of five"
    canvas[at + 1][1] = "- People wrote this in the canvas"
    await wrote(world, world.maya, "Lessons", "- Something else")
    assert "- People wrote this in the canvas" in lines(world)
    assert "- Something else" not in lines(world)
    told = texts(of_kind(await world.show(), "review"))
    assert told[-1].startswith("left “Lessons” as somebody wrote it in the canvas: http")
    edits = [call for call in world.ws.journal.calls if call.method == "canvases.edit"]
    assert edits
    assert all(len(call.args["changes"]) == 1 for call in edits)


async def test_a_channel_that_has_a_canvas_keeps_it_and_the_review_gets_one_of_its_own(world: World) -> None:
    channel = await declare(world, "sev3 Checkout is down")
    channel.canvas = "F0ANOTHER0"
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await world.maya.press(reply.message, "Canvas")
    await settle(world)
    assert channel.canvas == "F0ANOTHER0"
    assert texts(of_kind(await world.show(), "review"))[-1].startswith("put the review into a canvas")


async def test_where_slack_makes_no_canvas_the_channel_is_told(world: World) -> None:
    await declare(world, "sev3 Checkout is down")
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    world.ws.faults.add("conversations.canvases.create", error="canvas_disabled_user_team", count=None)
    await world.maya.press(reply.message, "Canvas")
    await settle(world)
    assert "Slack makes no canvas here" in str(of_kind(await world.show(), "delivery_failed"))

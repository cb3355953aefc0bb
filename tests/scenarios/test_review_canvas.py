"""The review in a canvas: created once, kept up to date, and what people wrote there stays."""

from __future__ import annotations

from sandbox.methods.canvases import sections_of
from sandbox.person import Person
from tests.scenarios.assertions import buttons, declared, of_kind, rest, texts, typed
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def wrote(here: World, person: Person, section: str, text: str) -> None:
    reply = await person.command(INSIDE, "/incident review")
    assert reply.message is not None
    await person.press(reply.message, "Edit")
    await person.fill(person.view, {section: text})
    assert (await person.submit()).ok
    await rest(here)


def lines(here: World) -> list[str]:
    channel = here.ws.channel(INSIDE)
    assert channel.canvas is not None
    return [markdown for _, markdown in sections_of(here.ws, channel.canvas)]


async def test_a_canvas_follows_the_review_and_keeps_what_people_wrote_in_it(here: World) -> None:
    await declared(here, "sev3 Checkout is down")
    await typed(here, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await here.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    assert "Canvas" in buttons(reply.message)
    await here.maya.press(reply.message, "Canvas")
    await rest(here)
    assert lines(here)[0] == "# Review of INC-1"
    assert "## Lessons" in lines(here)
    told = texts(of_kind(await here.show(), "review"))
    assert told[-1].startswith("put the review into a canvas: http")
    await wrote(here, here.maya, "Lessons", "- Roll out slowly\n- Watch the pool")
    at = lines(here).index("## Lessons")
    assert lines(here)[at + 1 : at + 3] == ["- Roll out slowly", "- Watch the pool"]
    await wrote(here, here.maya, "Lessons", "- Roll out in steps")
    at = lines(here).index("## Lessons")
    assert lines(here)[at + 1] == "- Roll out in steps"
    assert lines(here)[at + 2].startswith("## ")
    channel = here.ws.channel(INSIDE)
    canvas = sections_of(here.ws, channel.canvas or "")
    canvas[at + 1][1] = "- Roll out in steps of five"
    canvas[at + 1][1] = "- People wrote this in the canvas"
    await wrote(here, here.maya, "Lessons", "- Something else")
    assert "- People wrote this in the canvas" in lines(here)
    assert "- Something else" not in lines(here)
    told = texts(of_kind(await here.show(), "review"))
    assert told[-1].startswith("left “Lessons” as somebody wrote it in the canvas: http")
    edits = [call for call in here.ws.journal.calls if call.method == "canvases.edit"]
    assert edits
    assert all(len(call.args["changes"]) == 1 for call in edits)


async def test_a_channel_that_has_a_canvas_keeps_it_and_the_review_gets_one_of_its_own(here: World) -> None:
    channel = await declared(here, "sev3 Checkout is down")
    channel.canvas = "F0ANOTHER0"
    await typed(here, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await here.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await here.maya.press(reply.message, "Canvas")
    await rest(here)
    assert channel.canvas == "F0ANOTHER0"
    assert texts(of_kind(await here.show(), "review"))[-1].startswith("put the review into a canvas")


async def test_where_slack_makes_no_canvas_the_channel_is_told(here: World) -> None:
    await declared(here, "sev3 Checkout is down")
    await typed(here, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await here.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    here.ws.faults.add("conversations.canvases.create", error="canvas_disabled_user_team", count=None)
    await here.maya.press(reply.message, "Canvas")
    await rest(here)
    assert "Slack makes no canvas here" in str(of_kind(await here.show(), "delivery_failed"))

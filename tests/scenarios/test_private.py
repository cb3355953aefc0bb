"""Private incidents exist for those who are part of them."""

from __future__ import annotations

import pytest

from sandbox import Channel
from tests.scenarios.assertions import all_messages, announcements, of_kind, rest, texts, typed, words
from tests.scenarios.running import World


async def private(here: World) -> Channel:
    await here.maya.command("#general", "/incident declare")
    await here.maya.fill(here.maya.view, {"Title": "Key material leaked", "Severity": "sev1", "Private": ["private"]})
    assert (await here.maya.submit()).ok
    channel = await here.opened()
    await rest(here)
    return channel


async def test_a_private_incident_has_a_private_channel_and_no_announcement(here: World) -> None:
    channel = await private(here)
    assert channel.is_private
    assert announcements(here) == []
    assert here.maya.id in channel.members
    assert "Private" in words(here, here.card(channel))
    for line in ("ack", "severity sev2", "update Rotating", "resolve Rotated"):
        await typed(here, "maya", channel.name, f"/incident {line}")
    await rest(here)
    assert announcements(here) == []
    outside = [m for m in all_messages(here) if m.channel != channel.id and m.user == here.ws.bot.id]
    for message in outside:
        where = here.ws.state.channels[message.channel]
        assert where.is_im or "leaked" not in words(here, message)


async def test_private_works_in_the_command_and_in_the_form(here: World) -> None:
    await here.maya.command("#general", "/incident declare --private sev2 Keys leaked")
    channel = await here.opened()
    await rest(here)
    assert channel.is_private
    assert announcements(here) == []
    assert (await here.show())["title"] == "Keys leaked"
    await here.maya.command("#general", "/incident declare --private")
    asked = next(block for block in here.maya.view.body["blocks"] if block["block_id"] == "private")
    assert [option["value"] for option in asked["element"]["initial_options"]] == ["private"]


@pytest.mark.parametrize(
    "line",
    [
        "show INC-1",
        "ack --in INC-1",
        "timeline all --in INC-1",
        "join --in INC-1",
        "why --in INC-1",
        "note x --in INC-1",
    ],
)
async def test_outsiders_are_told_that_a_private_incident_does_not_exist(here: World, line: str) -> None:
    channel = await private(here)
    answer = await typed(here, "tom", "#general", f"/incident {line}")
    assert "There is no incident INC-1" in answer
    await rest(here)
    assert here.tom.id not in channel.members
    assert of_kind(await here.show(), "acknowledged", "note") == []


async def test_a_private_incident_is_in_no_list_of_outsiders(here: World) -> None:
    await private(here)
    for line in ("list", "list all", "list sev1", "ack"):
        assert "leaked" not in await typed(here, "tom", "#general", f"/incident {line}")
    said = await here.tom.say("payments", "hm")
    await here.tom.message_shortcut("Add to timeline", said)
    assert here.tom.open_views() == []
    assert "leaked" in await typed(here, "maya", "#general", "/incident list")
    assert "leaked" in await typed(here, "maya", "#general", "/incident show INC-1")


async def test_an_invited_person_sees_the_private_incident(here: World) -> None:
    channel = await private(here)
    await typed(here, "maya", channel.name, "/incident invite @tom")
    await rest(here)
    assert here.tom.id in channel.members
    assert "leaked" in await typed(here, "tom", channel.name, "/incident show")
    assert "leaked" in await typed(here, "tom", "#general", "/incident list")
    assert "leaked" in await typed(here, "tom", "#general", "/incident show INC-1")
    await here.maya.kick(channel.id, "tom")
    await rest(here)
    assert "leaked" not in await typed(here, "tom", "#general", "/incident list")
    assert "There is no incident" in await typed(here, "tom", "#general", "/incident show INC-1")


async def test_messages_in_a_private_channel_are_recorded(here: World) -> None:
    channel = await private(here)
    said = await here.maya.say(channel.id, "rotating now")
    await here.maya.react(said, "pushpin")
    await here.maya.invite(channel.id, "tom")
    await rest(here)
    shown = await here.show()
    assert texts(of_kind(shown, "message")) == ["rotating now"]
    assert [e["actor"] for e in of_kind(shown, "joined")] == [here.maya.id, here.tom.id]
    await here.restarted()
    await rest(here)
    assert [e["actor"] for e in of_kind(await here.show(), "joined")] == [here.maya.id, here.tom.id]


async def test_pages_outside_a_private_channel_carry_only_the_id(here: World) -> None:
    channel = await private(here)
    await typed(here, "maya", channel.name, "/incident page @tom rotate the keys that leaked")
    await rest(here)
    outside = [m for m in all_messages(here) if m.channel != channel.id and m.user == here.ws.bot.id]
    (page,) = [m for m in outside if "paged" in m.text]
    assert "INC-1 (private)" in words(here, page)
    assert "leaked" not in str(page.blocks) + page.text
    assert "rotate" not in str(page.blocks)
    await here.tom.press(page, "I'm on it")
    await rest(here)
    assert here.tom.id in channel.members
    settled = [m for m in all_messages(here) if m.ts == page.ts and m.channel == page.channel]
    assert "leaked" not in str(settled[0].blocks)

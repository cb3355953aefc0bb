"""Private incidents exist for those who are part of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.incident import Incident
from sandbox import Channel
from storage import incidents
from storage.schema import outbox
from tests.scenarios.assertions import (
    all_messages,
    announcements,
    direct_messages,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S


async def private(world: World) -> Channel:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Key material leaked", "Severity": "sev1", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    return channel


async def test_a_private_incident_has_a_private_channel_and_no_announcement(world: World) -> None:
    channel = await private(world)
    assert channel.is_private
    assert announcements(world) == []
    assert world.maya.id in channel.members
    assert "Private" in words(world, world.card(channel))
    for line in ("ack", "severity sev2", "update Rotating", "resolve Rotated"):
        await type_command(world, "maya", channel.name, f"/incident {line}")
    await settle(world)
    assert announcements(world) == []
    outside = [m for m in all_messages(world) if m.channel != channel.id and m.user == world.ws.bot.id]
    for message in outside:
        where = world.ws.state.channels[message.channel]
        assert where.is_im or "leaked" not in words(world, message)


async def test_private_works_in_the_command_and_in_the_form(world: World) -> None:
    await world.maya.command("#general", "/incident declare --private sev2 Keys leaked")
    channel = await world.incident_channel()
    await settle(world)
    assert channel.is_private
    assert announcements(world) == []
    assert (await world.show())["title"] == "Keys leaked"
    await world.maya.command("#general", "/incident declare --private")
    asked = next(block for block in world.maya.view.body["blocks"] if block["block_id"] == "private")
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
async def test_outsiders_are_told_that_a_private_incident_does_not_exist(world: World, line: str) -> None:
    channel = await private(world)
    answer = await type_command(world, "tom", "#general", f"/incident {line}")
    assert "There is no incident INC-1" in answer
    await settle(world)
    assert world.tom.id not in channel.members
    assert of_kind(await world.show(), "acknowledged", "note") == []


async def test_a_private_incident_is_in_no_list_of_outsiders(world: World) -> None:
    await private(world)
    for line in ("list", "list all", "list sev1", "ack"):
        assert "leaked" not in await type_command(world, "tom", "#general", f"/incident {line}")
    said = await world.tom.say("payments", "hm")
    await world.tom.message_shortcut("Add to timeline", said)
    assert world.tom.open_views() == []
    assert "leaked" in await type_command(world, "maya", "#general", "/incident list")
    assert "leaked" in await type_command(world, "maya", "#general", "/incident show INC-1")


async def test_an_invited_person_sees_the_private_incident(world: World) -> None:
    channel = await private(world)
    await type_command(world, "maya", channel.name, "/incident invite @tom")
    await settle(world)
    assert world.tom.id in channel.members
    assert "leaked" in await type_command(world, "tom", channel.name, "/incident show")
    assert "leaked" in await type_command(world, "tom", "#general", "/incident list")
    assert "leaked" in await type_command(world, "tom", "#general", "/incident show INC-1")
    await world.maya.kick(channel.id, "tom")
    await settle(world)
    assert "leaked" not in await type_command(world, "tom", "#general", "/incident list")
    assert "There is no incident" in await type_command(world, "tom", "#general", "/incident show INC-1")


async def test_messages_in_a_private_channel_are_recorded(world: World) -> None:
    channel = await private(world)
    said = await world.maya.say(channel.id, "rotating now")
    await world.maya.react(said, "pushpin")
    await world.maya.invite(channel.id, "tom")
    await settle(world)
    shown = await world.show()
    assert texts(of_kind(shown, "message")) == ["rotating now"]
    assert [e["actor"] for e in of_kind(shown, "joined")] == [world.maya.id, world.tom.id]
    await world.restart()
    await settle(world)
    assert [e["actor"] for e in of_kind(await world.show(), "joined")] == [world.maya.id, world.tom.id]


async def test_pages_outside_a_private_channel_carry_only_the_id(world: World) -> None:
    channel = await private(world)
    await type_command(world, "maya", channel.name, "/incident page @tom rotate the keys that leaked")
    await settle(world)
    outside = [m for m in all_messages(world) if m.channel != channel.id and m.user == world.ws.bot.id]
    (page,) = [m for m in outside if "paged" in m.text]
    assert "INC-1 (private)" in words(world, page)
    assert "leaked" not in str(page.blocks) + page.text
    assert "rotate" not in str(page.blocks)
    await world.tom.press(page, "I'm on it")
    await settle(world)
    assert world.tom.id in channel.members
    settled = [m for m in all_messages(world) if m.ts == page.ts and m.channel == page.channel]
    assert "leaked" not in str(settled[0].blocks)


# — removed from the channel


async def removed(world: World, name: str = "tom") -> Channel:
    """A private incident that this person led and responded to, and from whose channel they were removed."""
    channel = await private(world)
    await type_command(world, "maya", channel.name, f"/incident page @{name} rotate the keys")
    await settle(world)
    (page,) = [m for m in direct_messages(world, world.ws.person(name).id) if "paged" in m.text]
    await world.ws.person(name).press(page, "I'm on it")
    await settle(world)
    await type_command(world, "maya", channel.name, f"/incident lead @{name}")
    await world.ws.person(name).open_home()
    await settle(world)
    await world.maya.kick(channel.id, name)
    await type_command(world, "maya", channel.name, "/incident update The keys are on a stolen laptop")
    await settle(world)
    return channel


@pytest.mark.parametrize(
    "line",
    ["show INC-1", "timeline all --in INC-1", "catchup --in INC-1", "join --in INC-1", "why --in INC-1", "list",
     "ack --in INC-1", "search material", "resolve over --in INC-1"],
)  # fmt: skip
async def test_who_was_removed_is_out_of_every_list_and_answer_roles_and_pages_notwithstanding(
    world: World, line: str
) -> None:
    channel = await removed(world)
    answer = await type_command(world, "tom", "#general", f"/incident {line}")
    assert "leaked" not in answer
    assert "laptop" not in answer
    await settle(world)
    assert world.tom.id not in channel.members
    assert (await world.show())["status"] != "resolved"


async def test_who_was_removed_is_out_of_their_home_tab_at_once(world: World) -> None:
    await removed(world)
    await world.delivered()
    home = world.tom.home()
    assert home is not None
    assert "leaked" not in str(home.body)


async def test_an_old_page_lets_nobody_in_who_was_removed(world: World) -> None:
    channel = await removed(world)
    (page,) = [m for m in direct_messages(world, world.tom.id) if "paged" in m.text]
    old = world.tom.screenshot(page)
    old.blocks = [
        {
            "type": "actions", "block_id": "page",
            "elements": [
                {
                    "type": "button", "action_id": "on_it", "value": "INC-1:0",
                    "text": {"type": "plain_text", "text": "Go"},
                }
            ],
        }
    ]  # fmt: skip
    await world.tom.press(page, "Go", stale=old)
    await settle(world)
    assert world.tom.id not in channel.members
    assert "There is no incident INC-1" in (await ephemeral_texts(world, "tom"))[-1]


async def test_that_somebody_left_is_said_to_the_commander_or_else_to_the_reporter(world: World) -> None:
    await removed(world)
    (said,) = [m for m in direct_messages(world, world.maya.id) if "no longer in the private channel" in m.text]
    assert "They still hold: Incident commander" in words(world, said)


async def test_who_left_meanwhile_is_not_told_who_else_left(world: World) -> None:
    channel = await private(world)
    await type_command(world, "maya", channel.name, "/incident lead @tom")
    await settle(world)
    world.ws.faults.down = True  # so that it waits in the outbox
    await world.maya.kick(channel.id, "tom")
    await world.ws.settled(WITHIN_S)
    await world.maya.leave(channel.id)
    await world.ws.settled(WITHIN_S)
    world.ws.faults.down = False
    await world.delivered()
    async with world.tocsin.database.reading() as conn:
        states = list(await conn.scalars(sa.select(outbox.c.state).where(outbox.c.kind == "member_removed")))
    assert states == ["dropped"]
    assert not [m for m in direct_messages(world, world.maya.id) if "no longer in the private channel" in m.text]


async def test_a_removed_person_is_paged_by_no_rung_and_the_next_one_is(sqlite_url: str, tmp_path: Path) -> None:
    ladder = """
      - {after: 0s, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 10m, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 2h, notify: ["user:U0PRIYA000"], by: [slack]}
    """
    policy = policy_file(
        tmp_path, f"preset: sev1-5\nseverities:\n  sev1:\n    update_every: null\n    ladder:{ladder}\n"
    )
    async with running_world(sqlite_url, policy=policy) as world:
        channel = await private(world)
        assert world.tom.id in channel.members
        before = len(direct_messages(world, world.tom.id))
        await world.maya.kick(channel.id, "tom")
        await settle(world)
        await world.pass_time(minutes=11)
        assert [m for m in direct_messages(world, world.priya.id) if "paged" in m.text]
        assert world.tom.id not in channel.members
        assert len(direct_messages(world, world.tom.id)) == before


async def test_somebody_inside_may_ask_for_a_removed_person_by_name(world: World) -> None:
    channel = await removed(world)
    await type_command(world, "maya", channel.name, "/incident invite @tom")
    await settle(world)
    assert world.tom.id in channel.members
    assert "laptop" in await type_command(world, "tom", "#general", "/incident timeline --in INC-1")


async def test_who_was_removed_while_the_bot_was_away_is_out_after_its_start(world: World) -> None:
    channel = await private(world)
    await type_command(world, "maya", channel.name, "/incident invite @tom")
    await settle(world)
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    await world.maya.kick(channel.id, "tom")
    world.ws.delivery.faults.drop = False
    world.ws.faults.add("conversations.history", status=503, count=None)  # what was said is read only later
    await world.restart()
    await until_incident(world, lambda incident: world.tom.id in incident.removed)
    assert "There is no incident INC-1" in await type_command(world, "tom", "#general", "/incident show INC-1")
    world.ws.faults.clear()


async def test_a_move_that_is_told_late_does_not_outrank_a_later_one(world: World) -> None:
    channel = await private(world)
    await type_command(world, "maya", channel.name, "/incident invite @tom")
    await settle(world)
    world.ws.delivery.faults.reorder = 8
    await world.maya.kick(channel.id, "tom")
    await world.maya.invite(channel.id, "tom")
    world.ws.delivery.faults.reorder = 0
    world.ws.delivery.flush()
    await settle(world)
    assert "leaked" in await type_command(world, "tom", "#general", "/incident show INC-1")


async def until_incident(world: World, condition: Callable[[Incident], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                incident = await incidents.get(conn, 1)
            if incident is not None and condition(incident):
                return
            await asyncio.sleep(0.02)

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
from tests.scenarios.assertions import all_messages, announcements, direct, of_kind, rest, texts, told, typed, words
from tests.scenarios.running import World, world, written
from tests.waiting import WITHIN_S


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


# — removed from the channel


async def removed(here: World, name: str = "tom") -> Channel:
    """A private incident that this person led and responded to, and from whose channel they were removed."""
    channel = await private(here)
    await typed(here, "maya", channel.name, f"/incident page @{name} rotate the keys")
    await rest(here)
    (page,) = [m for m in direct(here, here.ws.person(name).id) if "paged" in m.text]
    await here.ws.person(name).press(page, "I'm on it")
    await rest(here)
    await typed(here, "maya", channel.name, f"/incident lead @{name}")
    await here.ws.person(name).open_home()
    await rest(here)
    await here.maya.kick(channel.id, name)
    await typed(here, "maya", channel.name, "/incident update The keys are on a stolen laptop")
    await rest(here)
    return channel


@pytest.mark.parametrize(
    "line",
    ["show INC-1", "timeline all --in INC-1", "catchup --in INC-1", "join --in INC-1", "why --in INC-1", "list",
     "ack --in INC-1", "search material", "resolve over --in INC-1"],
)  # fmt: skip
async def test_who_was_removed_is_out_of_every_list_and_answer_roles_and_pages_notwithstanding(
    here: World, line: str
) -> None:
    channel = await removed(here)
    answer = await typed(here, "tom", "#general", f"/incident {line}")
    assert "leaked" not in answer
    assert "laptop" not in answer
    await rest(here)
    assert here.tom.id not in channel.members
    assert (await here.show())["status"] != "resolved"


async def test_who_was_removed_is_out_of_their_home_tab_at_once(here: World) -> None:
    await removed(here)
    await here.delivered()
    home = here.tom.home()
    assert home is not None
    assert "leaked" not in str(home.body)


async def test_an_old_page_lets_nobody_in_who_was_removed(here: World) -> None:
    channel = await removed(here)
    (page,) = [m for m in direct(here, here.tom.id) if "paged" in m.text]
    old = here.tom.screenshot(page)
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
    await here.tom.press(page, "Go", stale=old)
    await rest(here)
    assert here.tom.id not in channel.members
    assert "There is no incident INC-1" in (await told(here, "tom"))[-1]


async def test_that_somebody_left_is_said_to_the_commander_or_else_to_the_reporter(here: World) -> None:
    await removed(here)
    (said,) = [m for m in direct(here, here.maya.id) if "no longer in the private channel" in m.text]
    assert "They still hold: Incident commander" in words(here, said)


async def test_who_left_meanwhile_is_not_told_who_else_left(here: World) -> None:
    channel = await private(here)
    await typed(here, "maya", channel.name, "/incident lead @tom")
    await rest(here)
    here.ws.faults.down = True  # so that it waits in the outbox
    await here.maya.kick(channel.id, "tom")
    await here.ws.settled(WITHIN_S)
    await here.maya.leave(channel.id)
    await here.ws.settled(WITHIN_S)
    here.ws.faults.down = False
    await here.delivered()
    async with here.tocsin.database.reading() as conn:
        states = list(await conn.scalars(sa.select(outbox.c.state).where(outbox.c.kind == "member_removed")))
    assert states == ["dropped"]
    assert not [m for m in direct(here, here.maya.id) if "no longer in the private channel" in m.text]


async def test_a_removed_person_is_paged_by_no_rung_and_the_next_one_is(sqlite_url: str, tmp_path: Path) -> None:
    ladder = """
      - {after: 0s, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 10m, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 2h, notify: ["user:U0PRIYA000"], by: [slack]}
    """
    policy = written(tmp_path, f"preset: sev1-5\nseverities:\n  sev1:\n    update_every: null\n    ladder:{ladder}\n")
    async with world(sqlite_url, policy=policy) as here:
        channel = await private(here)
        assert here.tom.id in channel.members
        before = len(direct(here, here.tom.id))
        await here.maya.kick(channel.id, "tom")
        await rest(here)
        await here.pass_time(minutes=11)
        assert [m for m in direct(here, here.priya.id) if "paged" in m.text]
        assert here.tom.id not in channel.members
        assert len(direct(here, here.tom.id)) == before


async def test_somebody_inside_may_ask_for_a_removed_person_by_name(here: World) -> None:
    channel = await removed(here)
    await typed(here, "maya", channel.name, "/incident invite @tom")
    await rest(here)
    assert here.tom.id in channel.members
    assert "laptop" in await typed(here, "tom", "#general", "/incident timeline --in INC-1")


async def test_who_was_removed_while_the_bot_was_away_is_out_after_its_start(here: World) -> None:
    channel = await private(here)
    await typed(here, "maya", channel.name, "/incident invite @tom")
    await rest(here)
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    await here.maya.kick(channel.id, "tom")
    here.ws.delivery.faults.drop = False
    here.ws.faults.add("conversations.history", status=503, count=None)  # what was said is read only later
    await here.restarted()
    await until_incident(here, lambda incident: here.tom.id in incident.removed)
    assert "There is no incident INC-1" in await typed(here, "tom", "#general", "/incident show INC-1")
    here.ws.faults.clear()


async def test_a_move_that_is_told_late_does_not_outrank_a_later_one(here: World) -> None:
    channel = await private(here)
    await typed(here, "maya", channel.name, "/incident invite @tom")
    await rest(here)
    here.ws.delivery.faults.reorder = 8
    await here.maya.kick(channel.id, "tom")
    await here.maya.invite(channel.id, "tom")
    here.ws.delivery.faults.reorder = 0
    here.ws.delivery.flush()
    await rest(here)
    assert "leaked" in await typed(here, "tom", "#general", "/incident show INC-1")


async def until_incident(here: World, condition: Callable[[Incident], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with here.tocsin.database.reading() as conn:
                incident = await incidents.get(conn, 1)
            if incident is not None and condition(incident):
                return
            await asyncio.sleep(0.02)

"""Whom a command names: by a mention, a name that one person has, or an address; never a bot, and never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import names
from tests.scenarios.assertions import declare, direct_messages, ephemeral_texts, of_kind, settle, type_command, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"
POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000]}}
contacts:
  cto: {name: Lena Lind, slack: U0LENA0000}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


async def put_names(world: World, **people: str) -> None:
    """Names as the bot has learnt them, by Slack ID."""
    async with world.tocsin.database.transaction() as conn:
        await names.put_many(conn, people, world.tocsin.context.clock.now())


async def test_a_name_that_one_person_has_is_understood(world: World) -> None:
    await declare(world)
    await put_names(world, U0TOM00000="Tom Tester", U0PRIYA000="Priya Pal")
    assert "@tom" in await type_command(world, "maya", INSIDE, "/incident lead tom")
    assert (await world.show())["roles"]["commander"] == world.tom.id
    assert "@priya" in await type_command(world, "maya", INSIDE, "/incident role scribe Priya Pal")
    assert "@lena" in await type_command(world, "maya", INSIDE, "/incident page lind the queue is full")
    assert "@lena" in await type_command(world, "maya", INSIDE, "/incident invite cto")
    await world.maya.say(INSIDE, "hey @tocsin can you page priya")
    assert "Paged now for INC-1: @priya" in (await ephemeral_texts(world, "maya"))[-1]


async def test_a_name_of_several_people_or_of_nobody_is_asked_about(world: World) -> None:
    await declare(world)
    await put_names(world, U0TOM00000="Tom Tester", U0PRIYA000="Tom Taylor")
    before = (await world.show())["timeline"]
    answer = await type_command(world, "maya", INSIDE, "/incident lead tom")
    assert "Do you mean @priya or @tom? Type @ and pick the person from the list." in answer
    assert "I can't tell who “@nobody” is" in await type_command(world, "maya", INSIDE, "/incident lead @nobody")
    assert "There is no schedule “nobody”" in await type_command(world, "maya", INSIDE, "/incident page nobody")
    assert "Say who" in await type_command(world, "maya", INSIDE, "/incident invite everybody")
    assert (await world.show())["timeline"] == before


async def test_an_address_is_understood(world: World) -> None:
    await declare(world)
    assert "@tom" in await type_command(world, "maya", INSIDE, "/incident lead tom@example.com")
    assert "Say who" in await type_command(world, "maya", INSIDE, "/incident lead nobody@example.com")


@pytest.mark.parametrize("line", ["lead", "role scribe", "handover", "page", "invite"])
async def test_bots_and_deactivated_people_take_no_role_and_no_page(world: World, line: str) -> None:
    await declare(world)
    before = (await world.show())["timeline"]
    assert "I am a bot. Name a person." in await type_command(world, "maya", INSIDE, f"/incident {line} @tocsin")
    assert "@deploys is a bot" in await type_command(world, "maya", INSIDE, f"/incident {line} @deploys")
    world.ws.change_user("tom", deleted=True)
    assert "is deactivated" in await type_command(world, "maya", INSIDE, f"/incident {line} @tom")
    assert (await world.show())["timeline"] == before


async def test_a_bot_chosen_in_a_form_is_refused(world: World) -> None:
    channel = await declare(world)
    await world.maya.press(world.card(channel), "Assign roles")
    await world.maya.fill(world.maya.view, {"Scribe": "deploys"})
    await world.maya.submit()
    assert "is a bot" in str(world.maya.view.body)
    assert (await world.show())["roles"] == {}


async def test_the_person_who_invites_is_told_when_slack_refuses_the_invitation(world: World) -> None:
    await declare(world)
    world.ws.faults.add("conversations.invite", error="cant_invite", count=None)
    assert "Inviting @lena" in await type_command(world, "maya", INSIDE, "/incident invite @lena")
    assert "Could not invite @lena" in (await ephemeral_texts(world, "maya"))[-1]
    await type_command(world, "maya", INSIDE, "/incident role scribe @tom")
    assert "Could not invite @tom" in (await ephemeral_texts(world, "maya"))[-1]
    await type_command(world, "noor", "#general", "/incident join --in INC-1")
    await settle(world)
    assert any("Could not invite @noor" in words(world, message) for message in direct_messages(world, world.noor.id))


async def test_the_author_of_an_update_is_told_when_slack_refuses_it(world: World) -> None:
    channel = await declare(world)
    world.ws.faults.add("chat.postMessage", error="restricted_action", channel=channel.id, count=None)
    await type_command(world, "maya", INSIDE, "/incident update Rolled back")
    await settle(world)
    assert of_kind(await world.show(), "delivery_failed")
    assert any("Could not post" in answer and "update" in answer for answer in await ephemeral_texts(world, "maya"))

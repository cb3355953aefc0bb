"""Whom a command names: by a mention, a name that one person has, or an address; never a bot, and never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import names
from tests.scenarios.assertions import declared, direct, of_kind, rest, told, typed, words
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


async def known(here: World, **people: str) -> None:
    """Names as the bot has learnt them, by Slack ID."""
    async with here.tocsin.database.transaction() as conn:
        await names.put_many(conn, people, here.tocsin.context.clock.now())


async def test_a_name_that_one_person_has_is_understood(here: World) -> None:
    await declared(here)
    await known(here, U0TOM00000="Tom Tester", U0PRIYA000="Priya Pal")
    assert "@tom" in await typed(here, "maya", INSIDE, "/incident lead tom")
    assert (await here.show())["roles"]["commander"] == here.tom.id
    assert "@priya" in await typed(here, "maya", INSIDE, "/incident role scribe Priya Pal")
    assert "@lena" in await typed(here, "maya", INSIDE, "/incident page lind the queue is full")
    assert "@lena" in await typed(here, "maya", INSIDE, "/incident invite cto")
    await here.maya.say(INSIDE, "hey @tocsin can you page priya")
    assert "Paged now for INC-1: @priya" in (await told(here, "maya"))[-1]


async def test_a_name_of_several_people_or_of_nobody_is_asked_about(here: World) -> None:
    await declared(here)
    await known(here, U0TOM00000="Tom Tester", U0PRIYA000="Tom Taylor")
    before = (await here.show())["timeline"]
    answer = await typed(here, "maya", INSIDE, "/incident lead tom")
    assert "Do you mean @priya or @tom? Type @ and pick the person from the list." in answer
    assert "I can't tell who “@nobody” is" in await typed(here, "maya", INSIDE, "/incident lead @nobody")
    assert "There is no schedule “nobody”" in await typed(here, "maya", INSIDE, "/incident page nobody")
    assert "Say who" in await typed(here, "maya", INSIDE, "/incident invite everybody")
    assert (await here.show())["timeline"] == before


async def test_an_address_is_understood(here: World) -> None:
    await declared(here)
    assert "@tom" in await typed(here, "maya", INSIDE, "/incident lead tom@example.com")
    assert "Say who" in await typed(here, "maya", INSIDE, "/incident lead nobody@example.com")


@pytest.mark.parametrize("line", ["lead", "role scribe", "handover", "page", "invite"])
async def test_bots_and_deactivated_people_take_no_role_and_no_page(here: World, line: str) -> None:
    await declared(here)
    before = (await here.show())["timeline"]
    assert "I am a bot. Name a person." in await typed(here, "maya", INSIDE, f"/incident {line} @tocsin")
    assert "@deploys is a bot" in await typed(here, "maya", INSIDE, f"/incident {line} @deploys")
    here.ws.change_user("tom", deleted=True)
    assert "is deactivated" in await typed(here, "maya", INSIDE, f"/incident {line} @tom")
    assert (await here.show())["timeline"] == before


async def test_a_bot_chosen_in_a_form_is_refused(here: World) -> None:
    channel = await declared(here)
    await here.maya.press(here.card(channel), "Assign roles")
    await here.maya.fill(here.maya.view, {"Scribe": "deploys"})
    await here.maya.submit()
    assert "is a bot" in str(here.maya.view.body)
    assert (await here.show())["roles"] == {}


async def test_an_invitation_that_slack_refuses_is_corrected_to_whoever_asked(here: World) -> None:
    await declared(here)
    here.ws.faults.add("conversations.invite", error="cant_invite", count=None)
    assert "Inviting @lena" in await typed(here, "maya", INSIDE, "/incident invite @lena")
    assert "Could not invite @lena" in (await told(here, "maya"))[-1]
    await typed(here, "maya", INSIDE, "/incident role scribe @tom")
    assert "Could not invite @tom" in (await told(here, "maya"))[-1]
    await typed(here, "noor", "#general", "/incident join --in INC-1")
    await rest(here)
    assert any("Could not invite @noor" in words(here, message) for message in direct(here, here.noor.id))


async def test_an_update_that_slack_refuses_is_corrected_to_whoever_posted_it(here: World) -> None:
    channel = await declared(here)
    here.ws.faults.add("chat.postMessage", error="restricted_action", channel=channel.id, count=None)
    await typed(here, "maya", INSIDE, "/incident update Rolled back")
    await rest(here)
    assert of_kind(await here.show(), "delivery_failed")
    assert any("Could not post" in answer and "update" in answer for answer in await told(here, "maya"))

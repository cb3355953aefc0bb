"""Paging of people outside the channel, and the messages when nobody can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.check import run
from storage import directory
from tests.scenarios.assertions import buttons, direct_messages, ephemeral_texts, settle, type_command, words
from tests.scenarios.running import World, policy_file, running_world

TOM, PRIYA, NOOR = "U0TOM00000", "U0PRIYA000", "U0NOOR0000"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  gone: {name: Gone, slack: gone@example.com}
  tom: {name: Tom, slack: tom@example.com}
severities:
  sev1:
    {respond_within: null, update_every: null, escalate_after: 30m, roles: [], notify_executives: false, ladder: [
      {after: 0m, notify: ["contact:gone"]}, {after: 20m, notify: ["contact:tom", "user:U0TOM00000"]}]}
  sev2:
    {respond_within: null, update_every: null, escalate_after: null, roles: [], notify_executives: false, ladder: [
      {after: 0m, notify: ["user:U0TOM00000"]}]}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


def in_channel(world: World, channel: str) -> str:
    return "\n".join(words(world, message) for message in world.ws.bot_messages(channel))


async def _not_looked_up_yet(world: World) -> None:
    """As if an incident came before the first look at the accounts, which begins a second after the start."""
    await world.tocsin.timer._periodic["people's accounts"].work()
    async with world.tocsin.database.transaction() as conn:
        await directory.mark_reachable(conn, {"gone@example.com"})


async def test_where_nobody_of_a_rung_can_be_reached_the_next_is_paged_at_once_and_aloud(world: World) -> None:
    await _not_looked_up_yet(world)
    channel = await world.declare("sev1 Checkout is down")
    await settle(world)
    (page,) = direct_messages(world, TOM, "You are paged")
    assert "nobody on rung 1 could be reached" in words(world, page)
    said = in_channel(world, channel.id)
    assert "Rung 1 reached nobody" in said
    assert "nobody in this workspace has that e-mail address" in said
    first, second = [row for row in (await world.show())["reminders"] if row["rung"] in (1, 2)]
    assert (first["state"], second["state"]) == ("failed", "sent")
    assert "nobody in this workspace has that e-mail address" in first["reason"]
    assert ":x:" in await type_command(world, "maya", channel.name, "/incident why")


async def test_the_bridge_is_linked_in_the_page_of_the_channel_and_in_the_direct_message(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(
        sqlite_url, policy=policy_file(tmp_path, f"{POLICY}bookmarks: {{bridge: huddle}}\n")
    ) as world:
        channel = await world.declare("sev2 Checkout is down")
        await settle(world)
        link = f"*Bridge:* <https://app.slack.com/huddle/{world.ws.settings.team_id}/{channel.id}|Join the huddle>"
        (page,) = direct_messages(world, TOM, "You are paged")
        assert link in str(page.blocks)
        assert any(link in str(message.blocks) for message in world.ws.bot_messages(channel.id))


async def test_a_rung_whose_people_are_known_to_be_gone_is_passed_over_from_then_on(world: World) -> None:
    await world.declare("sev1 Checkout is down")
    await settle(world)
    await world.declare("sev1 Search is down")
    await settle(world)
    assert len(direct_messages(world, TOM, "You are paged")) == 2
    (first,) = [row for row in (await world.show(2))["reminders"] if row["rung"] == 1]
    assert first["state"] == "skipped"
    assert first["reason"] == "fell through: Gone: nobody in this workspace has that e-mail address"


async def test_paging_a_deactivated_person_says_that_it_failed(world: World) -> None:
    world.ws.change_user("priya", deleted=True)
    channel = await world.declare("sev2 Checkout is down")
    answer = await type_command(world, "maya", channel.name, "/incident page @priya please come")
    assert "The account of @priya is deactivated. Name somebody else." in answer
    await settle(world)
    assert direct_messages(world, "priya", "You are paged") == []


async def test_the_ledger_says_that_a_page_by_hand_failed(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await settle(world)
    world.ws.faults.add("conversations.open", error="user_disabled", count=None)
    await type_command(world, "maya", channel.name, "/incident page @priya please come")
    await settle(world)
    world.ws.faults.clear()
    ledger = await type_command(world, "maya", channel.name, "/incident why")
    assert "page — failed\nBy hand: @priya" in ledger
    assert "their account is deactivated" in ledger


async def test_a_person_named_by_address_and_by_id_gets_one_page_and_one_mention(world: World) -> None:
    channel = await world.declare("sev1 Checkout is down")
    await settle(world)
    assert len(direct_messages(world, TOM, "You are paged")) == 1
    (page,) = [m for m in world.ws.bot_messages(channel.id) if "you are paged for" in m.text and TOM in m.text]
    assert page.text.count(f"<@{TOM}>") == 1


async def test_after_a_reopening_the_first_rung_is_paged_again(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await settle(world)
    await type_command(world, "tom", channel.name, "/incident ack")
    await type_command(world, "tom", channel.name, "/incident lead @tom")
    await type_command(world, "tom", channel.name, "/incident resolve rolled back")
    await world.pass_time(hours=12)
    assert len(direct_messages(world, TOM, "You are paged")) + len(direct_messages(world, TOM, "You were paged")) <= 1
    await type_command(world, "maya", channel.name, "/incident reopen errors are back")
    await world.pass_time(seconds=1)
    assert len(direct_messages(world, TOM, "You are paged")) == 1


async def test_check_says_whom_slack_does_not_reach(world: World) -> None:
    world.ws.change_user("tom", deleted=True)
    (finding,) = [found for found in await run.run(world.settings) if found.subject == "people"]
    assert finding.warning
    assert "gone@example.com: nobody in this workspace has that e-mail address" in finding.message
    assert "U0TOM00000: their account is deactivated" in finding.message


async def test_an_answered_page_keeps_whom_it_paged_why_and_by_what(world: World) -> None:
    await _not_looked_up_yet(world)
    channel = await world.declare("sev1 Checkout is down")
    await settle(world)
    await world.pass_time(minutes=2)
    await world.priya.join(channel.id)
    await type_command(world, "priya", channel.name, "/incident ack")
    await settle(world)
    lines = [words(world, m) for m in world.ws.bot_messages(channel.id) if m.text.startswith("Paged")]
    assert any("@tom (rung 2, Slack): nobody on rung 1 could be reached — answered by @priya after" in x for x in lines)
    (page,) = direct_messages(world, TOM, "You were paged")
    assert "(rung 2, Slack): nobody on rung 1 could be reached — answered by @priya after" in words(world, page)
    await type_command(world, "priya", channel.name, "/incident resolve rolled back")
    await settle(world)
    assert [words(world, m) for m in world.ws.bot_messages(channel.id) if m.text.startswith("Paged")] == lines
    assert not [m for m in world.ws.bot_messages(channel.id) if "Nothing more to do" in m.text]


async def test_escalate_says_where_nobody_is_left_to_page(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await settle(world)
    await world.maya.press(world.card(channel), "Escalate")
    await settle(world)
    answer = world.ws.ephemerals("maya")[-1]
    assert "*Everybody on the ladder was paged* for INC-1: @tom (rung 1)." in words(world, answer)
    assert buttons(answer) == []


async def test_the_answers_under_a_page_belong_to_the_person_paged(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await settle(world)
    (page,) = [m for m in world.ws.bot_messages(channel.id) if "you are paged for" in m.text]
    await world.maya.press(page, "I'm on it")
    await settle(world)
    answer = world.ws.ephemerals("maya")[-1]
    assert "That page is for @tom" in words(world, answer)
    assert buttons(answer) == ["Acknowledge"]
    assert (await world.show())["status"] == "detected"
    await world.maya.press(page, "Can't")
    assert "That page is for @tom" in (await ephemeral_texts(world, "maya"))[-1]
    assert "can't respond" not in str((await world.show())["timeline"])
    await world.tom.press(page, "I'm on it")
    await settle(world)
    assert (await world.show())["responders"] == [TOM]


async def test_why_tells_by_time_who_was_paged_and_by_what(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(minutes=3)
    await type_command(world, "maya", channel.name, "/incident page @priya please come")
    await settle(world)
    said = await type_command(world, "maya", channel.name, "/incident why")
    rung, by_hand = said.index("paged: sev2 was declared — @tom (Slack)"), said.index("By hand: @priya")
    assert rung < by_hand

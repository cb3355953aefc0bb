"""The card: pinned, edited in place, with a kind answer to late and repeated presses and to old copies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox import Channel
from storage.schema import outbox
from tests.scenarios.assertions import (
    announcements,
    buttons,
    declare,
    ephemeral_texts,
    of_kind,
    settle,
    type_command,
    until,
    words,
)
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

INSIDE = "inc-1-checkout-is-down"
PAGED = """
preset: sev1-5
contacts:
  tom: {name: Tom Okafor, slack: U0TOM00000}
schedules:
  primary: {timezone: Europe/Berlin, rotation: weekly, handoff: "mon 09:00", start: 2026-01-05, members: [tom]}
"""


@pytest.fixture
async def paging(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Tom is on call, and paged at once."""
    policy = tmp_path / "policy.yml"
    policy.write_text(PAGED)
    async with running_world(sqlite_url, policy=policy) as running:
        yield running


async def test_the_card_is_edited_in_place_whatever_happens(world: World) -> None:
    channel = await declare(world)
    card = world.card(channel)
    for line in ("ack", "lead @tom", "status identified", "update Rolling back", "snooze 1h", "resolve Rolled back"):
        await type_command(world, "maya", INSIDE, f"/incident {line}")
        await settle(world)
        assert world.ws.pinned(channel.id) == [card]
    cards = [
        m for m in world.ws.bot_messages(channel.id) if "INC-1 · Checkout is down" in words(world, m).split("\n")[0]
    ]
    assert cards == [card]


async def test_acknowledge_shows_who_and_when_and_its_button_goes(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    assert (await world.tom.press(world.card(channel), "Acknowledge")).ok
    await settle(world)
    seen = words(world, world.card(channel))
    assert "by @tom" in seen
    assert "Acknowledge" not in buttons(world.card(channel))
    assert buttons(announcements(world)[0]) == ["Join"]
    assert (await world.show())["status"] == "acknowledged"


async def test_while_nobody_leads_the_person_who_acknowledges_can_lead_in_one_press(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    await world.tom.press(world.card(channel), "Acknowledge")
    await settle(world)
    offer = world.ws.ephemerals("tom")[-1]
    assert buttons(offer) == ["Lead"]
    await world.tom.press(offer, "Lead")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.tom.id}
    assert buttons(world.ws.ephemerals("tom")[-1]) == []


async def test_lead_pressed_when_somebody_leads_says_who_leads(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    await world.tom.press(world.card(channel), "Acknowledge")
    await settle(world)
    offer = world.ws.ephemerals("tom")[-1]
    await type_command(world, "maya", INSIDE, "/incident lead @priya")
    await world.tom.press(offer, "Lead")
    assert any("@priya leads INC-1 already, since " in line for line in await ephemeral_texts(world, "tom"))
    assert (await world.show())["roles"] == {"commander": world.priya.id}


async def test_two_people_pressing_acknowledge_at_once_one_is_first_and_the_other_is_told(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    await world.noor.join(INSIDE)
    old = world.tom.screenshot(world.card(channel))
    await asyncio.gather(
        world.tom.press(world.card(channel), "Acknowledge", stale=old),
        world.noor.press(world.card(channel), "Acknowledge", stale=old),
    )
    await settle(world)
    shown = await world.show()
    (first,) = [entry["actor"] for entry in of_kind(shown, "acknowledged")]
    second = world.noor if first == world.tom.id else world.tom
    name = world.ws.state.users[first].name
    assert any(
        f"@{name} was first to acknowledge INC-1" in line for line in await ephemeral_texts(world, second.user.name)
    )
    assert set(shown["responders"]) == {world.tom.id, world.noor.id}


async def test_pressing_acknowledge_twice_acknowledges_once(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    old = world.tom.screenshot(world.card(channel))
    await world.tom.press(world.card(channel), "Acknowledge")
    await world.tom.press(world.card(channel), "Acknowledge", stale=old)
    assert any("You acknowledged INC-1 already" in line for line in await ephemeral_texts(world, "tom"))
    assert len(of_kind(await world.show(), "acknowledged")) == 1


async def test_every_press_on_an_old_copy_after_the_end_is_answered_kindly_and_changes_nothing(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    old, said = world.tom.screenshot(world.card(channel)), world.tom.screenshot(announcements(world)[0])
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    await settle(world)
    before = await world.show()
    for name in buttons(old):
        count = len(world.ws.ephemerals("tom"))
        assert (await world.tom.press(world.card(channel), name, stale=old)).ok
        answers = (await ephemeral_texts(world, "tom"))[count:]
        assert len(answers) == 1, (name, answers)
        assert "resolved" in answers[0]
        assert world.tom.open_views() == [], name
    assert (await world.tom.press(announcements(world)[0], "Acknowledge", stale=said)).ok
    after = await world.show()
    for field in ("status", "severity", "roles", "acknowledged_at", "responders"):
        assert before[field] == after[field]


async def test_after_resolve_the_card_offers_reopen_review_and_close(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    await settle(world)
    assert buttons(world.card(channel)) == ["Reopen", "Start review", "Close"]
    old = world.maya.screenshot(world.card(channel))
    await world.maya.press(world.card(channel), "Close")
    await settle(world)
    assert (await world.show())["status"] == "closed"
    assert buttons(world.card(channel)) == ["Reopen", "Start review"]
    await world.maya.press(world.card(channel), "Close", stale=old)
    assert any("It is already closed. You did that, " in line for line in await ephemeral_texts(world, "maya"))


async def test_reopen_on_an_old_copy_when_it_runs_again_says_so(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    await settle(world)
    old = world.maya.screenshot(world.card(channel))
    await type_command(world, "maya", INSIDE, "/incident reopen Back again")
    await settle(world)
    assert buttons(world.card(channel))[0] == "Acknowledge"
    await world.maya.press(world.card(channel), "Reopen", stale=old)
    assert any("INC-1 is open again: @maya reopened it, " in line for line in await ephemeral_texts(world, "maya"))
    before = await world.show()
    await world.maya.press(world.card(channel), "Close", stale=old)
    assert "INC-1 is open again: @maya reopened it, " in (await ephemeral_texts(world, "maya"))[-1]
    after = await world.show()
    assert (after["status"], after["episode"]) == ("investigating", 2)
    assert after["timeline"] == before["timeline"]


async def test_a_card_that_somebody_deletes_is_put_back_and_pinned(world: World) -> None:
    channel = await declare(world)
    card = world.card(channel)
    await world.sam.join(INSIDE)
    await world.sam.delete(card)
    await world.ws.until(lambda: world.ws.pinned(channel.id))
    await settle(world)
    (anew,) = world.ws.pinned(channel.id)
    assert anew.ts != card.ts
    await type_command(world, "maya", INSIDE, "/incident ack")
    await settle(world)
    assert "by @maya" in words(world, anew)


async def test_a_card_left_without_its_pin_is_still_edited(world: World) -> None:
    channel = await declare(world)
    card = world.card(channel)
    await world.maya.unpin(card)
    await type_command(world, "maya", INSIDE, "/incident ack")
    await settle(world)
    assert "by @maya" in words(world, card)


# — the reporter, when others were paged


async def test_acknowledging_is_one_press_for_the_reporter_too(paging: World) -> None:
    world = paging
    channel = await declare(world)
    assert (await world.maya.press(world.card(channel), "Acknowledge")).ok
    await settle(world)
    shown = await world.show()
    assert (shown["status"], shown["responders"]) == ("acknowledged", [world.maya.id])
    assert not [r for r in shown["reminders"] if r["kind"] == "acknowledge" and r["state"] == "waiting"]
    assert buttons(world.ws.ephemerals("maya")[-1]) == ["Lead"]


async def test_the_reporter_pressing_after_somebody_acknowledged_is_not_asked(paging: World) -> None:
    world = paging
    channel = await declare(world)
    old = world.maya.screenshot(world.card(channel))
    await type_command(world, "tom", "#general", "/incident ack --in INC-1")
    await world.maya.press(world.card(channel), "Acknowledge", stale=old)
    assert any("@tom was first" in line for line in await ephemeral_texts(world, "maya"))


async def test_somebody_else_pressing_is_not_asked(paging: World) -> None:
    world = paging
    channel = await declare(world)
    await world.noor.join(INSIDE)
    await world.noor.press(world.card(channel), "Acknowledge")
    await settle(world)
    assert (await world.show())["status"] == "acknowledged"


async def test_im_on_it_in_the_page_acknowledges_and_cant_pages_on(paging: World) -> None:
    world = paging
    await declare(world)
    direct = world.ws.state.im_between(world.ws.bot.id, world.tom.id)
    assert direct is not None
    page = next(m for m in world.ws.bot_messages(direct.id) if buttons(m))
    assert buttons(page) == ["I'm on it", "Can't"]
    old = world.tom.screenshot(page)
    await world.tom.press(page, "I'm on it")
    await settle(world)
    assert (await world.show())["status"] == "acknowledged"
    assert buttons(page) == []
    await world.tom.press(page, "Can't", stale=old)
    assert any(
        "Somebody is already responding to INC-1" in line
        for line in [
            *await ephemeral_texts(world, "tom"),
            *map(lambda m: words(world, m), world.ws.bot_messages(direct.id)),
        ]
    )


async def test_what_changes_the_buttons_of_a_busy_card_does_not_wait_behind_figures(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After twenty edits within a minute the share of the incident is used up; here it never frees again."""
    monkeypatch.setattr("bot.slack.client.rate_limiter.SHARE", 1e-6)
    async with running_world(sqlite_url) as world:
        channel = await declare(world)
        await type_command(world, "maya", INSIDE, "/incident ack")
        edits = 0
        while not await _held_back(world):
            edits += 1
            await type_command(world, "maya", INSIDE, f"/incident severity sev{2 + edits % 2} Look {edits}")
        assert edits
        for line, gone, offered in (
            ("resolve Rolled back", "Update status", "Reopen"),
            ("reopen It is back", "Reopen", "Acknowledge"),
            ("ack", "Acknowledge", "Update status"),
        ):
            await type_command(world, "maya", INSIDE, f"/incident {line}")
            await until(partial(_buttons_are, world, channel, gone, offered))


async def _held_back(world: World) -> bool:
    """Whether the latest edit of the card waits for its turn: it was sent, or put back, first."""
    edit = sa.select(outbox.c.state, outbox.c.error).where(outbox.c.dedup_key == "card_edit:1")
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                row = (await conn.execute(edit)).one()
            if row.state == "sent" or row.error:
                return bool(row.error)
            await asyncio.sleep(0.005)


def _buttons_are(world: World, channel: Channel, gone: str, offered: str) -> bool:
    return gone not in buttons(world.card(channel)) and offered in buttons(world.card(channel))

"""The card: pinned, edited in place, and kind to whoever presses late, twice or on an old copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox import Channel
from storage.schema import outbox
from tests.scenarios.assertions import announcements, buttons, declared, of_kind, rest, told, typed, until, words
from tests.scenarios.running import World, world
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
    async with world(sqlite_url, policy=policy) as running:
        yield running


async def test_the_card_is_edited_in_place_whatever_happens(here: World) -> None:
    channel = await declared(here)
    card = here.card(channel)
    for line in ("ack", "lead @tom", "status identified", "update Rolling back", "snooze 1h", "resolve Rolled back"):
        await typed(here, "maya", INSIDE, f"/incident {line}")
        await rest(here)
        assert here.ws.pinned(channel.id) == [card]
    cards = [m for m in here.ws.bot_messages(channel.id) if "INC-1 · Checkout is down" in words(here, m).split("\n")[0]]
    assert cards == [card]


async def test_acknowledge_shows_who_and_when_and_its_button_goes(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    assert (await here.tom.press(here.card(channel), "Acknowledge")).ok
    await rest(here)
    seen = words(here, here.card(channel))
    assert "by @tom" in seen
    assert "Acknowledge" not in buttons(here.card(channel))
    assert buttons(announcements(here)[0]) == ["Join"]
    assert (await here.show())["status"] == "acknowledged"


async def test_where_nobody_leads_whoever_acknowledges_is_offered_to_in_one_press(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    await here.tom.press(here.card(channel), "Acknowledge")
    await rest(here)
    offer = here.ws.ephemerals("tom")[-1]
    assert buttons(offer) == ["Lead"]
    await here.tom.press(offer, "Lead")
    await rest(here)
    assert (await here.show())["roles"] == {"commander": here.tom.id}
    assert buttons(here.ws.ephemerals("tom")[-1]) == []


async def test_lead_pressed_when_somebody_leads_says_who_leads(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    await here.tom.press(here.card(channel), "Acknowledge")
    await rest(here)
    offer = here.ws.ephemerals("tom")[-1]
    await typed(here, "maya", INSIDE, "/incident lead @priya")
    await here.tom.press(offer, "Lead")
    assert any("@priya leads INC-1 already" in line for line in await told(here, "tom"))
    assert (await here.show())["roles"] == {"commander": here.priya.id}


async def test_two_people_pressing_acknowledge_at_once_one_is_first_and_the_other_is_told(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    await here.noor.join(INSIDE)
    old = here.tom.screenshot(here.card(channel))
    await asyncio.gather(
        here.tom.press(here.card(channel), "Acknowledge", stale=old),
        here.noor.press(here.card(channel), "Acknowledge", stale=old),
    )
    await rest(here)
    shown = await here.show()
    (first,) = [entry["actor"] for entry in of_kind(shown, "acknowledged")]
    second = here.noor if first == here.tom.id else here.tom
    name = here.ws.state.users[first].name
    assert any(f"@{name} was first to acknowledge INC-1" in line for line in await told(here, second.user.name))
    assert set(shown["responders"]) == {here.tom.id, here.noor.id}


async def test_pressing_acknowledge_twice_acknowledges_once(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    old = here.tom.screenshot(here.card(channel))
    await here.tom.press(here.card(channel), "Acknowledge")
    await here.tom.press(here.card(channel), "Acknowledge", stale=old)
    assert any("You acknowledged INC-1 already" in line for line in await told(here, "tom"))
    assert len(of_kind(await here.show(), "acknowledged")) == 1


async def test_every_press_on_an_old_copy_after_the_end_is_answered_kindly_and_changes_nothing(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    old, said = here.tom.screenshot(here.card(channel)), here.tom.screenshot(announcements(here)[0])
    await typed(here, "maya", INSIDE, "/incident resolve Done")
    await rest(here)
    before = await here.show()
    for name in buttons(old):
        count = len(here.ws.ephemerals("tom"))
        assert (await here.tom.press(here.card(channel), name, stale=old)).ok
        answers = (await told(here, "tom"))[count:]
        assert len(answers) == 1, (name, answers)
        assert "resolved" in answers[0]
        assert here.tom.open_views() == [], name
    assert (await here.tom.press(announcements(here)[0], "Acknowledge", stale=said)).ok
    after = await here.show()
    for field in ("status", "severity", "roles", "acknowledged_at", "responders"):
        assert before[field] == after[field]


async def test_after_resolve_the_card_offers_reopen_review_and_close(here: World) -> None:
    channel = await declared(here)
    await typed(here, "maya", INSIDE, "/incident resolve Done")
    await rest(here)
    assert buttons(here.card(channel)) == ["Reopen", "Start review", "Close"]
    old = here.maya.screenshot(here.card(channel))
    await here.maya.press(here.card(channel), "Close")
    await rest(here)
    assert (await here.show())["status"] == "closed"
    assert buttons(here.card(channel)) == ["Reopen", "Start review"]
    await here.maya.press(here.card(channel), "Close", stale=old)
    assert any("already closed" in line for line in await told(here, "maya"))


async def test_reopen_on_an_old_copy_when_it_runs_again_says_so(here: World) -> None:
    channel = await declared(here)
    await typed(here, "maya", INSIDE, "/incident resolve Done")
    await rest(here)
    old = here.maya.screenshot(here.card(channel))
    await typed(here, "maya", INSIDE, "/incident reopen Back again")
    await rest(here)
    assert buttons(here.card(channel))[0] == "Acknowledge"
    await here.maya.press(here.card(channel), "Reopen", stale=old)
    assert any("open again" in line for line in await told(here, "maya"))
    await here.maya.press(here.card(channel), "Close", stale=old)
    await rest(here)
    assert (await here.show())["episode"] == 2


async def test_a_card_that_somebody_deletes_is_put_back_and_pinned(here: World) -> None:
    channel = await declared(here)
    card = here.card(channel)
    await here.sam.join(INSIDE)
    await here.sam.delete(card)
    await here.ws.until(lambda: here.ws.pinned(channel.id))
    await rest(here)
    (anew,) = here.ws.pinned(channel.id)
    assert anew.ts != card.ts
    await typed(here, "maya", INSIDE, "/incident ack")
    await rest(here)
    assert "by @maya" in words(here, anew)


async def test_a_card_left_without_its_pin_is_still_edited(here: World) -> None:
    channel = await declared(here)
    card = here.card(channel)
    await here.maya.unpin(card)
    await typed(here, "maya", INSIDE, "/incident ack")
    await rest(here)
    assert "by @maya" in words(here, card)


# — the reporter, when others were paged


async def test_acknowledging_is_one_press_for_the_reporter_too(paging: World) -> None:
    here = paging
    channel = await declared(here)
    assert (await here.maya.press(here.card(channel), "Acknowledge")).ok
    await rest(here)
    shown = await here.show()
    assert (shown["status"], shown["responders"]) == ("acknowledged", [here.maya.id])
    assert not [r for r in shown["reminders"] if r["kind"] == "acknowledge" and r["state"] == "waiting"]
    assert buttons(here.ws.ephemerals("maya")[-1]) == ["Lead"]


async def test_the_reporter_pressing_after_somebody_acknowledged_is_not_asked(paging: World) -> None:
    here = paging
    channel = await declared(here)
    old = here.maya.screenshot(here.card(channel))
    await typed(here, "tom", "#general", "/incident ack --in INC-1")
    await here.maya.press(here.card(channel), "Acknowledge", stale=old)
    assert any("@tom was first" in line for line in await told(here, "maya"))


async def test_somebody_else_pressing_is_not_asked(paging: World) -> None:
    here = paging
    channel = await declared(here)
    await here.noor.join(INSIDE)
    await here.noor.press(here.card(channel), "Acknowledge")
    await rest(here)
    assert (await here.show())["status"] == "acknowledged"


async def test_im_on_it_in_the_page_acknowledges_and_cant_pages_on(paging: World) -> None:
    here = paging
    await declared(here)
    direct = here.ws.state.im_between(here.ws.bot.id, here.tom.id)
    assert direct is not None
    page = next(m for m in here.ws.bot_messages(direct.id) if buttons(m))
    assert buttons(page) == ["I'm on it", "Can't"]
    old = here.tom.screenshot(page)
    await here.tom.press(page, "I'm on it")
    await rest(here)
    assert (await here.show())["status"] == "acknowledged"
    assert buttons(page) == []
    await here.tom.press(page, "Can't", stale=old)
    assert any(
        "Somebody is already responding to INC-1" in line
        for line in [*await told(here, "tom"), *map(lambda m: words(here, m), here.ws.bot_messages(direct.id))]
    )


async def test_what_changes_the_buttons_of_a_busy_card_does_not_wait_behind_figures(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After twenty edits within a minute the share of the incident is used up; here it never frees again."""
    monkeypatch.setattr("bot.slack.client.rate_limiter.SHARE", 1e-6)
    async with world(sqlite_url) as here:
        channel = await declared(here)
        await typed(here, "maya", INSIDE, "/incident ack")
        edits = 0
        while not await _held_back(here):
            edits += 1
            await typed(here, "maya", INSIDE, f"/incident severity sev{2 + edits % 2} Look {edits}")
        assert edits
        for line, gone, offered in (
            ("resolve Rolled back", "Update status", "Reopen"),
            ("reopen It is back", "Reopen", "Acknowledge"),
            ("ack", "Acknowledge", "Update status"),
        ):
            await typed(here, "maya", INSIDE, f"/incident {line}")
            await until(partial(_buttons_are, here, channel, gone, offered))


async def _held_back(here: World) -> bool:
    """Whether the latest edit of the card waits for its turn: it was sent, or put back, first."""
    edit = sa.select(outbox.c.state, outbox.c.error).where(outbox.c.dedup_key == "card_edit:1")
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with here.tocsin.database.reading() as conn:
                row = (await conn.execute(edit)).one()
            if row.state == "sent" or row.error:
                return bool(row.error)
            await asyncio.sleep(0.005)


def _buttons_are(here: World, channel: Channel, gone: str, offered: str) -> bool:
    return gone not in buttons(here.card(channel)) and offered in buttons(here.card(channel))

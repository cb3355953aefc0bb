"""Fifty incidents within two seconds, and one that never stops talking, while Slack keeps to its rates."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain.routing.notice import Priority
from bot.usecases.incidents.post_update import post_update
from bot.usecases.incidents.refresh_messages import refresh_messages
from storage.outbox.census import count_by_state
from storage.schema import outbox
from tests.scenarios import storm
from tests.scenarios.assertions import doubled_keys
from tests.scenarios.running import World
from tests.scenarios.storm import Storm
from tests.waiting import WITHIN_S

# Slack's minute lasts so long here. 60 is the real thing: `TOCSIN_STORM_MINUTE_S=60`, two and a half minutes.
MINUTE_S = float(os.environ.get("TOCSIN_STORM_MINUTE_S", "12"))
ROOM = 1.35 if MINUTE_S >= 60 else 2.0  # a machine that does other things besides is forgiven more


async def test_in_a_storm_pages_and_cards_go_out_as_fast_as_the_rate_limits_allow(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with storm.strict_world(sqlite_url, tmp_path, MINUTE_S) as world:
        blown = Storm(50, MINUTE_S)
        await storm.blow(world, blown)
        print(blown.report())
        assert sorted(blown.cards) == list(range(1, 51))
        assert len(blown.pages) == 50 * len(storm.ON_CALL)
        assert doubled_keys(world.ws) == []
        assert max(blown.acknowledged_s) < 3
        assert blown.refused.total() <= 8
        for found, floor in (
            (sorted(blown.cards.values()), blown.card_floor()),
            (blown.last_pages(), blown.page_floor()),
        ):
            for share in (0.5, 0.99):
                assert storm.at(found, share) <= ROOM * storm.at(floor, share) + 3, blown.report()
        assert await _failed_count(world) == 0


async def test_a_chatty_incident_does_not_hold_up_a_new_one(sqlite_url: str, tmp_path: Path) -> None:
    async with storm.strict_world(sqlite_url, tmp_path, MINUTE_S) as world:
        chatty = await world.declare("sev4 Chatty")
        chatter = asyncio.create_task(_chatter(world, 500))
        await world.ws.until(lambda: len(world.ws.calls("chat.update")) >= 20, timeout_s=60)
        began = time.time()
        await world.maya.command("#general", "/incident declare sev1 Quiet")
        await world.ws.until(lambda: _stands(world), timeout_s=60)
        acknowledged_at = time.time()
        await world.tom.command("#general", "/incident ack --in INC-2")
        await world.ws.until(lambda: _is_acknowledged(world), timeout_s=60)
        edited_s = time.time() - acknowledged_at
        await chatter
        blown = Storm(2, MINUTE_S)
        storm.read(world.ws, blown, began)
        assert blown.cards[2] < 3, "its card"
        assert max(at for (number, _), at in blown.pages.items() if number == 2) < 3, "its pages"
        assert edited_s < 3 + MINUTE_S / 5, "its card's edit, while the other's come without end"
        await storm.wait_until_sent(world, 20 * MINUTE_S)
        assert blown.refused.total() <= 4
        assert len(world.ws.calls("chat.update")) < 250, "most of the five hundred became one with the next"
        assert "edit 500" in str(world.card(chatty).blocks), "the last one stands there"
        assert doubled_keys(world.ws) == []


async def test_a_notice_that_waits_for_a_rate_limit_is_unclaimed_and_says_why(sqlite_url: str, tmp_path: Path) -> None:
    async with storm.strict_world(sqlite_url, tmp_path, 60.0) as world:
        for number in range(22):
            await world.maya.command("#general", f"/incident declare sev4 Storm {number}")
        await world.ws.until(lambda: len(world.ws.calls("pins.add")) >= 20, timeout_s=60)
        waiting = await _waiting(world)
        async with asyncio.timeout(WITHIN_S):
            while [row.state for row in waiting] != ["queued", "queued"]:
                await asyncio.sleep(0.05)
                waiting = await _waiting(world)
        assert {row.error for row in waiting} <= {
            "conversations.create: Slack's rate limit is used up for now; this waits for its turn",
            "conversations.create: ratelimited",
        }
        assert all(row.attempts <= 1 and row.priority == Priority.CHANNEL for row in waiting)


async def _chatter(world: World, edits: int) -> None:
    """Its card is to be edited every few milliseconds; now and then it also has something to say."""
    for number in range(1, edits + 1):
        if number % 25 == 0:
            await post_update(world.tocsin.context, 1, f"edit {number}", world.maya.id)
        else:
            await refresh_messages(world.tocsin.context, 1)
        await asyncio.sleep(0.02)


def _stands(world: World) -> bool:
    channel = world.ws.find_channel("inc-2-")
    return channel is not None and bool(world.ws.pinned(channel.id))


def _is_acknowledged(world: World) -> bool:
    channel = world.ws.find_channel("inc-2-")
    return channel is not None and f"by {world.tom.mention}" in str(world.card(channel).blocks)


async def _waiting(world: World) -> list[Any]:
    async with world.tocsin.database.reading() as conn:
        wanted = sa.select(outbox).where(outbox.c.kind == "channel", outbox.c.state != "sent")
        return list(await conn.execute(wanted))


async def _failed_count(world: World) -> int:
    async with world.tocsin.database.reading() as conn:
        return (await count_by_state(conn))["failed"]

"""The meeting of a review: a time, an invitation for calendars, a thread that keeps the agenda."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from icalendar import Calendar

from tests.integrations.mail import post_office
from tests.scenarios.assertions import declare, settle, type_command, words
from tests.scenarios.running import World, policy_file, running_world

INSIDE = "inc-1-checkout-is-down"


async def test_a_scheduled_review_is_mailed_linked_bookmarked_and_kept_in_time(sqlite_url: str, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, "preset: sev1-5\nannounce: '#incidents'\n")
    async with post_office() as post:
        settings: dict[str, Any] = {
            "smtp_url": f"smtp://127.0.0.1:{post.port}",
            "mail_from": "Tocsin <tocsin@example.org>",
            "tocsin_url": "https://tocsin.example.org",
        }
        async with running_world(sqlite_url, policy=policy, **settings) as world:
            await met(world)
            (mail,) = post.envelopes
            assert mail.rcpt_tos == ["maya@example.com"]
            content = mail.content if isinstance(mail.content, bytes) else str(mail.content).encode()
            parts = [part for part in message_from_bytes(content).walk() if part.get_content_type() == "text/calendar"]
            assert parts[0].get_param("method") == "REQUEST"
            payload: Any = parts[0].get_payload(decode=True)
            event = Calendar.from_ical(payload).walk("VEVENT")[0]
            assert str(event["summary"]) == "Review of INC-1: Checkout is down"
            assert b"You took part in INC-1." in content
            assert event["attendee"] == "mailto:maya@example.com"


async def met(world: World) -> None:
    channel = await declare(world, "sev3 Checkout is down")
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await world.maya.command(INSIDE, "/incident review")
    await settle(world)
    assert reply.message is not None
    assert [each["title"] for each in world.ws.state.channels[channel.id].bookmarks] == ["Review"]
    await world.maya.press(reply.message, "Edit")
    await world.maya.fill(world.maya.view, {"Lessons": "- Roll out slowly [#1]"})
    assert (await world.maya.submit()).ok
    await world.maya.press(reply.message, "History")
    assert "Roll out slowly" in str(world.maya.view.body)
    await world.maya.press(reply.message, "Schedule")
    assert (await world.maya.submit()).ok
    await settle(world)
    shown = await world.show()
    held = next(each for each in shown["timeline"] if each["data"].get("state") == "scheduled")
    starts_at = datetime.fromisoformat(held["data"]["held_at"])
    posted = next(m for m in world.ws.bot_messages(channel.id) if "Agenda, 80 min" in words(world, m))
    link = next(part for part in str(posted.blocks).split("|") if "/reviews/INC-1.ics?token=" in part)
    path = link[link.index("/reviews/") :].split("'")[0]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{world.tocsin.port}{path}") as answer:
            assert answer.status == 200
            assert b"BEGIN:VEVENT" in await answer.read()
        async with session.get(f"http://127.0.0.1:{world.tocsin.port}{path[:-1]}x") as answer:
            assert answer.status == 404
    now = world.tocsin.context.clock.now()
    await world.pass_time(seconds=(starts_at - now).total_seconds() + 1)
    await settle(world)
    await world.pass_time(minutes=11)
    await settle(world)
    thread = [
        words(world, m) for m in world.ws.bot_messages(channel.id) if m.thread_ts == posted.ts and m.ts != posted.ts
    ]
    assert [line.split("*")[1] for line in thread if "stopwatch" in line or "of 7" in line] == [
        "1 of 7 · Timeline", "2 of 7 · Root cause",
    ]  # fmt: skip


pytestmark = pytest.mark.timeout(120)

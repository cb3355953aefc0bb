"""Action items: typed, listed, and on the timeline."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.values.dates import required_day
from tests.scenarios.assertions import declared, of_kind, rest, texts, typed, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def test_an_action_item_is_typed_told_and_listed(here: World) -> None:
    channel = await declared(here)
    answer = await typed(here, "maya", INSIDE, "/incident action Alert on pool usage @tom by friday P1")
    friday = required_day("friday").resolve(datetime.now(UTC).date())
    assert "*AI-1-1* Alert on pool usage" in answer
    await rest(here)
    told = f"AI-1-1 Alert on pool usage (<@U0TOM00000>, due {friday:%-d %b %Y}, P1)"
    assert texts(of_kind(await here.show(), "action")) == [told]
    assert any("AI-1-1 Alert on pool usage" in words(here, m) for m in here.ws.bot_messages(channel.id))
    listed = await typed(here, "maya", INSIDE, "/incident actions")
    assert "Action items of INC-1: 1" in listed
    assert "*AI-1-1* Alert on pool usage" in listed
    assert "No action items of yours" in await typed(here, "maya", "#general", "/incident actions")
    assert "AI-1-1" in await typed(here, "tom", "#general", "/incident actions mine")
    assert "No action items overdue" in await typed(here, "maya", "#general", "/incident actions overdue")
    await here.pass_time(days=8)
    assert "overdue since" in await typed(here, "maya", "#general", "/incident actions overdue")


async def test_items_of_a_private_incident_are_listed_for_its_people_alone(here: World) -> None:
    await declared(here, "sev2 Leak --private")
    await typed(here, "maya", "inc-1-leak", "/incident action Rotate the keys by tomorrow")
    assert "*AI-1-1* Rotate the keys" in await typed(here, "maya", "#general", "/incident actions all")
    assert "AI-1" not in await typed(here, "tom", "#general", "/incident actions all")
    assert "AI-1" not in await typed(here, "tom", "#general", "/incident actions --in INC-1")


async def test_an_item_can_be_added_after_the_end(here: World) -> None:
    await declared(here)
    await typed(here, "maya", INSIDE, "/incident resolve Rolled back")
    assert "AI-1-1" in await typed(here, "maya", INSIDE, "/incident action Write the runbook")

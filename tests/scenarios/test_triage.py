"""Helpful links at declare: nothing is posted where nothing would help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Channel, Message
from tests.scenarios.assertions import buttons, ephemeral_texts, settle, type_command, words
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  stripe: {name: Stripe support, phone: "+1 555 0100", url: "https://support.stripe.example/"}
services:
  web: {name: Web shop, depends_on: [checkout]}
  checkout:
    name: Checkout
    depends_on: [payments, database]
    links: {Dashboard: "https://grafana.example.com/d/checkout"}
  payments: {name: Payments, contacts: [stripe], depends_on: [checkout]}
  database: {name: Orders database}
"""


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


async def declare_as(world: World, text: str, number: int = 1, by: str = "maya") -> Channel:
    await world.ws.person(by).command("#general", f"/incident declare {text}")
    channel = await world.incident_channel(number)
    await settle(world)
    return channel


def said_in(world: World, channel: Channel) -> str:
    (message,) = triages(world, channel)
    return words(world, message).replace("*", "").replace("_", "")


def triages(world: World, channel: Channel) -> list[Message]:
    return [m for m in world.ws.bot_messages(channel.id) if "What may help" in words(world, m)]


async def past_incident(world: World, text: str, how: str = "resolve Raised maximumPoolSize to 40") -> Channel:
    channel = await declare_as(world, text)
    await type_command(world, "maya", channel.name, f"/incident {how}")
    await settle(world)
    return channel


async def test_triage_shows_what_fixed_a_similar_incident(world: World) -> None:
    first = await past_incident(world, "sev2 Hikari pool exhausted on orders service")
    assert triages(world, first) == []
    channel = await declare_as(world, "sev2 hikari pool exhausted again", 2)
    (message,) = triages(world, channel)
    said = said_in(world, channel)
    assert "Looks like INC-1 · Hikari pool exhausted on orders service (" in said
    assert "What fixed it: Raised maximumPoolSize to 40" in said
    assert "the same words: hikari, pool, exhausted" in said
    assert buttons(message) == ["Show"]
    await world.tom.press(message, "Show")
    assert "Hikari pool exhausted on orders service" in (await ephemeral_texts(world, "tom"))[-1]


async def test_triage_shows_a_similar_incident_that_is_open(world: World) -> None:
    first = await declare_as(world, "sev2 Kafka consumer lag on order events")
    channel = await declare_as(world, "sev3 consumer lag kafka exploding", 2, by="tom")
    said = said_in(world, channel)
    assert "INC-1 · Kafka consumer lag on order events is open and looks the same" in said
    assert f"#{first.name}" in said


async def test_triage_says_that_a_similar_incident_was_a_false_alarm(world: World) -> None:
    await past_incident(world, "sev3 Synthetic probe checkout-eu fails", "cancel The probe had an old certificate")
    channel = await declare_as(world, "sev3 synthetic probe checkout-eu fails", 2)
    assert "It was a false alarm: The probe had an old certificate" in said_in(world, channel)


async def test_triage_never_shows_private_incidents_or_drills(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Vault sealed", "Severity": "sev1", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await type_command(world, "maya", "#general", "/incident drill sev2 Vault sealed")
    await settle(world)
    channel = await declare_as(world, "sev1 vault sealed", 3)
    assert triages(world, channel) == []


async def test_no_triage_message_is_posted_without_anything_to_suggest(shop: World) -> None:
    channel = await declare_as(shop, "sev2 Something odd")
    assert triages(shop, channel) == []


async def test_triage_names_the_blast_radius_and_whom_to_contact(shop: World) -> None:
    channel = await declare_as(shop, "sev2 Payments are refused")
    said = said_in(shop, channel)
    assert "May also be affected: Checkout cannot work without Payments (named in the title" in said
    assert "and further on Web shop (through Checkout)" in said
    assert "Call: Stripe support (+1 555 0100 · support portal" in said


async def test_triage_names_possible_causes(shop: World) -> None:
    await declare_as(shop, "sev1 Orders database is read only")
    await shop.maya.command("#general", "/incident declare")
    await shop.maya.fill(
        shop.maya.view, {"Title": "Baskets vanish", "Severity": "sev2", "Affected services": ["database"]}
    )
    assert (await shop.maya.submit()).ok
    await shop.incident_channel(2)
    channel = await declare_as(shop, "sev2 Checkout is slow", 3)
    assert "Possible cause: Orders database — INC-2 is open there" in said_in(shop, channel)


async def test_the_step_that_fixed_the_last_incident_is_offered_for_the_next(world: World) -> None:
    channel = await declare_as(world, "sev2 Redis refuses connections on cart")
    await type_command(world, "maya", channel.name, "/incident playbook redis-outage")
    await settle(world)
    (message,) = [m for m in world.ws.bot_messages(channel.id) if "Done" in buttons(m)]
    await world.maya.press(message, "Done")
    await settle(world)
    await type_command(world, "maya", channel.name, "/incident resolve Restarted it")
    await settle(world)
    again = await declare_as(world, "sev2 redis on cart refuses connections", 2, by="maya")
    (message,) = triages(world, again)
    assert "Fixed by the playbook: " in said_in(world, again)
    await world.maya.press(message, "Open playbook")
    await settle(world)
    assert [m for m in world.ws.bot_messages(again.id) if "Done" in buttons(m)]

"""A link to an incident shows the incident: and of a private one nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.model import Message
from tests.scenarios.assertions import declare, settle, type_command
from tests.scenarios.running import World, running_world

BASE = "https://tocsin.example.org"


@pytest.fixture
async def linked_world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, tocsin_url=BASE) as world:
        world.ws.manifest = replace(world.ws.manifest, unfurl_domains=frozenset({"tocsin.example.org"}))
        await declare(world, "sev2 Checkout is down")
        yield world


def unfurls_of(world: World, message: Message) -> dict[str, Any]:
    return world.ws.state.unfurls.get((message.channel, message.ts), {})


async def test_a_link_becomes_the_incident(linked_world: World) -> None:
    world = linked_world
    await type_command(world, "maya", "inc-1-checkout-is-down", "/incident lead me")
    message = await world.tom.say("general", f"See {BASE}/incidents/INC-1 please")
    await settle(world)
    preview = unfurls_of(world, message)
    assert "Checkout is down" in str(preview["unfurls"])
    assert "U0MAYA0000" in str(preview["unfurls"])


async def test_nothing_is_shown_of_a_private_incident_or_of_another_page(linked_world: World) -> None:
    world = linked_world
    await type_command(world, "maya", "general", "/incident declare sev2 Leak --private")
    await world.incident_channel(2)
    for path in ("/incidents/INC-2", "/incidents/INC-99", "/status", "/incidents/INC-1x"):
        message = await world.tom.say("general", f"{BASE}{path}")
        await settle(world)
        assert unfurls_of(world, message) == {}

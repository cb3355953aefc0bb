"""The status page over real HTTP shows exactly the publications made in Slack."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox import Channel
from tests.scenarios.assertions import buttons, declare, ephemeral_texts, of_kind, settle, texts, type_command, words
from tests.scenarios.running import WITHIN_S, World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {ladder: [], roles: []}
audiences:
  internal: {notify: ["channel:#general"]}
status_page: {name: Example AI, preset: llm-platform}
"""
PUBLISHED = {
    "Title": "Chat fails for some", "Impact": "About 5 % of requests fail", "Affected components": "Chat Completions",
    "How these components are": "Partial outage", "Message": "We look into it. Next update at 15:00 UTC.",
}  # fmt: skip


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        yield world


async def summary(world: World) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{world.tocsin.port}/api/v2/summary.json")
        document: dict[str, Any] = await answer.json()
        return document


async def shows(world: World, wanted: str) -> dict[str, Any]:
    """The summary, once its headline is this."""
    for _ in range(200):
        document = await summary(world)
        if document["status"]["description"] == wanted:
            return document
        await settle(world)
    raise AssertionError(f"the page says {document['status']}, not {wanted}")


async def publish(world: World, channel: Channel) -> None:
    await world.maya.command(channel.name, "/incident comms status_page")
    await world.maya.fill(world.maya.view, PUBLISHED)
    assert (await world.maya.submit()).ok


async def test_what_is_published_in_slack_is_on_the_page_with_its_own_title(shop: World) -> None:
    channel = await declare(shop, "sev2 db-7.internal is down")
    await publish(shop, channel)
    document = await shows(shop, "Partial outage")
    (incident,) = document["incidents"]
    assert incident["name"] == "Chat fails for some"
    assert "db-7" not in str(document)
    (receipt,) = of_kind(await shop.show(), "sent")
    assert "Published on the status page" in receipt["text"]


async def test_two_presses_lead_from_an_update_to_the_page(shop: World) -> None:
    channel = await declare(shop, "sev2 db-7.internal is down")
    await shop.maya.command(channel.name, "/incident update")
    update = "Requests fail. db-7.internal is back in part."
    await shop.maya.fill(shop.maya.view, {"What changed?": update, "Also tell": ["Internal", "Status page"]})
    assert (await shop.maya.submit()).ok
    assert "nothing of this incident is on it yet" in str(shop.maya.view.body)
    assert update not in str(shop.maya.view.body), "it names a host, so it is not proposed"
    assert set((await shop.maya.submit()).errors) == {"page_title", "page_message"}
    assert of_kind(await shop.show(), "sent") == [], "nobody is told anything before the page can be"
    typed = {"Title on the page": "Chat fails", "Message on the page": "Requests to chat fail."}
    await shop.maya.fill(shop.maya.view, typed)
    assert (await shop.maya.submit()).ok
    assert "Look at this first" in str(shop.maya.view.body), "it does not say when the next update comes"
    assert (await shop.maya.submit()).ok
    await settle(shop)
    (incident,) = (await summary(shop))["incidents"]
    assert (incident["name"], incident["incident_updates"][0]["body"]) == ("Chat fails", "Requests to chat fail.")
    assert len(of_kind(await shop.show(), "sent")) == 2

    await shop.maya.command(channel.name, "/incident update")
    assert "status_page" in ticked(shop.maya.view), "since the page shows the incident"
    follows = "All chat requests succeed again. Next update at 15:00 UTC."
    await shop.maya.fill(
        shop.maya.view, {"What changed?": follows, "Status": "Monitoring", "Also tell": ["Status page"]}
    )
    assert (await shop.maya.submit()).ok
    assert (await shop.maya.submit()).ok
    await settle(shop)
    (incident,) = (await summary(shop))["incidents"]
    assert (incident["status"], incident["incident_updates"][0]["body"]) == ("monitoring", follows)


async def test_who_may_not_publish_and_a_drill_are_not_offered_the_page(sqlite_url: str, tmp_path: Path) -> None:
    policy = POLICY + "permissions: {comms: ['user:U0TOM00000']}\n"
    async with running_world(sqlite_url, policy=policy_file(tmp_path, policy)) as world:
        channel = await declare(world, "sev2 Checkout is down")
        offered = {}
        await world.tom.join(channel.name)
        for person in (world.maya, world.tom):
            await person.command(channel.name, "/incident update")
            offered[person.id] = "status_page" in str(person.view.body)
        assert offered == {"U0MAYA0000": False, "U0TOM00000": True}
        await type_command(world, "tom", "#general", "/incident drill sev2 A drill")
        await world.tom.command("#general", "/incident update --in INC-2")
        assert "INC-2" in str(world.tom.view.body)
        assert "status_page" not in str(world.tom.view.body)


def ticked(view: Any) -> str:
    """The initial options of **Also tell**."""
    (block,) = [block for block in view.body["blocks"] if block.get("block_id") == "also_tell"]
    return str(block["element"].get("initial_options"))


async def test_each_component_may_have_a_state_of_its_own(shop: World) -> None:
    channel = await declare(shop, "sev2 Chat is down")
    await shop.maya.command(channel.name, "/incident comms status_page")
    await shop.maya.fill(shop.maya.view, {**PUBLISHED, "Components in another state": "Embeddings: major outage"})
    assert (await shop.maya.submit()).ok
    document = await shows(shop, "Major outage")
    states = {each["name"]: each["status"] for each in document["components"]}
    assert (states["Chat Completions"], states["Embeddings"]) == ("partial_outage", "major_outage")


async def test_the_form_of_an_audience_leads_to_the_page_and_back(shop: World) -> None:
    channel = await declare(shop, "sev2 Checkout is down")
    await shop.maya.command(channel.name, "/incident comms internal")
    await shop.maya.press(shop.maya.view, "Audience", "Status page")
    assert "Nothing of this incident is on the status page yet" in str(shop.maya.view.body)
    await shop.maya.press(shop.maya.view, "Audience", "internal")
    assert "Goes to" in str(shop.maya.view.body)


async def test_a_host_in_the_text_is_shown_before_it_is_published_and_a_secret_never_is(shop: World) -> None:
    channel = await declare(shop, "sev2 Checkout is down")
    await shop.maya.command(channel.name, "/incident comms status_page")
    await shop.maya.fill(shop.maya.view, {**PUBLISHED, "Message": "db-7.internal is broken. Next update at 15:00 UTC."})
    await shop.maya.submit()
    assert "Names a host" in str(shop.maya.view.body)
    assert (await summary(shop))["incidents"] == []
    token = "xoxb-" + "1234567890-1234567890-abcdefghijklmnopqrstuvwx"
    await shop.maya.fill(shop.maya.view, {"Message": f"The token {token} leaked. Next update at 15:00 UTC."})
    assert "secret" in str((await shop.maya.submit()).errors)
    assert (await summary(shop))["incidents"] == []


async def test_what_was_published_is_corrected_visibly_and_never_silently(shop: World) -> None:
    channel = await declare(shop, "sev2 Checkout is down")
    await publish(shop, channel)
    await settle(shop)
    (receipt,) = [m for m in shop.ws.bot_messages(channel.id) if "Correct" in buttons(m)]
    assert "published on the status page" in words(shop, receipt)
    await shop.maya.press(receipt, "Correct")
    assert "We look into it" in str(shop.maya.view.body)
    await shop.maya.fill(shop.maya.view, {"Message": "Only EU requests fail. Next update at 15:00 UTC."})
    assert (await shop.maya.submit()).ok
    await settle(shop)
    for _ in range(100):
        (incident,) = (await summary(shop))["incidents"]
        if "Only EU" in incident["incident_updates"][0]["body"]:
            break
        await settle(shop)
    assert "Only EU requests fail" in incident["incident_updates"][0]["body"]
    assert any("Corrected on the status page" in text for text in texts(of_kind(await shop.show(), "sent")))
    (_, second) = [m for m in shop.ws.bot_messages(channel.id) if "Correct" in buttons(m)]
    assert "corrected on the status page" in words(shop, second)
    await shop.maya.command(channel.name, "/incident comms status_page")
    await shop.maya.press(shop.maya.view, "Correct")
    assert "Only EU requests fail" in str(shop.maya.view.body)


async def test_resolving_asks_what_the_page_should_say(shop: World) -> None:
    channel = await declare(shop, "sev2 Checkout is down")
    await publish(shop, channel)
    await shop.maya.command(channel.name, "/incident resolve")
    said = "All requests succeed again."
    fields = {"What fixed it?": "Rolled back", "Resolve on the status page too, saying …": said}
    await shop.maya.fill(shop.maya.view, fields)
    assert (await shop.maya.submit()).ok
    assert (await shows(shop, "All systems operational"))["incidents"] == []
    assert any(said in text for text in texts(of_kind(await shop.show(), "sent")))


async def test_resolving_in_one_line_says_that_the_page_still_tells_of_it(shop: World) -> None:
    channel = await declare(shop, "sev2 Checkout is down")
    await publish(shop, channel)
    await shop.maya.command(channel.name, "/incident resolve Rolled back")
    await settle(shop)
    assert "The status page still tells of it" in str(await ephemeral_texts(shop, "maya"))


async def test_maintenance_is_planned_in_a_form_and_listed(shop: World) -> None:
    await shop.maya.command("#general", "/incident maintenance")
    starts = int((datetime.now(UTC) + timedelta(hours=3)).timestamp())
    fields = {"Title": "Database move", "Affected components": "API", "Message": "Requests may fail."}
    await shop.maya.fill(shop.maya.view, {**fields, "From": starts, "Until": starts + 3600})
    assert (await shop.maya.submit()).ok
    await settle(shop)
    (planned,) = (await summary(shop))["scheduled_maintenances"]
    assert (planned["name"], planned["status"]) == ("Database move", "scheduled")
    await shop.maya.command("#general", "/incident maintenance list")
    assert "Database move" in (await ephemeral_texts(shop, "maya"))[-1]


async def test_without_audiences_comms_opens_the_status_page(sqlite_url: str, tmp_path: Path) -> None:
    policy = "preset: severity-1-4\nstatus_page: {preset: llm-platform}\n"
    async with running_world(sqlite_url, policy=policy_file(tmp_path, policy)) as world:
        channel = await declare(world, "severity_2 Checkout is down")
        await world.maya.command(channel.name, "/incident comms")
        assert world.maya.view.callback_id == "status_page"


async def test_without_a_public_address_feeds_and_the_api_have_that_of_the_http_port(shop: World) -> None:
    """Their identifiers and links must be whole addresses."""
    base = f"http://127.0.0.1:{shop.tocsin.port}"

    async def page_address() -> str:
        document = await summary(shop)
        return str(document["page"]["url"])

    async with asyncio.timeout(WITHIN_S):
        while await page_address() != f"{base}/status":
            await asyncio.sleep(0.05)
    async with aiohttp.ClientSession() as session:
        feed = ET.fromstring(await (await session.get(f"{base}/status/feed.atom")).read())
    assert feed.findtext("{http://www.w3.org/2005/Atom}id") == f"{base}/status"

"""Administrators list, add and remove the subscribers of the status page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.statuspage.subscriber import SubscriberKind
from storage.statuspage import subscribers
from tests.api.calls import GAIL, MAYA, TOM, program, token_for
from tests.scenarios.running import World, policy_file, running_world
from tests.web.console.browser import browser

POLICY = """
preset: sev1-5
announce: "#incidents"
status_page: {name: Example AI, preset: llm-platform, subscribe: [webhook], url: "https://status.example.com/status"}
"""
PATH = "/status-page/subscribers"
ADDRESS = "https://example.com/in"


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


async def test_an_administrator_adds_lists_and_removes_a_subscriber_who_is_asked_first(world: World) -> None:
    _, admin = await token_for(world, MAYA, "admin")
    _, writer = await token_for(world, MAYA, "write")
    asked = {"kind": "webhook", "address": ADDRESS, "components": ["api"]}
    async with program(world, writer) as outsider:
        assert (await outsider.get(PATH)).status == 403
        assert (await outsider.post(PATH, asked)).status == 403
    async with program(world, admin) as ours:
        assert (await ours.post(PATH, {**asked, "components": ["none"]})).status == 409
        assert (await ours.post(PATH, {**asked, "kind": "email", "address": "a@example.com"})).status == 409
        made = await ours.post(PATH, asked)
        assert made.status == 201
        assert (made.body["confirmed"], made.body["components"]) == (False, ["api"])
        assert (await ours.get(PATH)).body == {"subscribers": [made.body], "next_cursor": None}
        one = f"{PATH}/{made.body['id']}"
        assert (await ours.send("DELETE", one, None)).status == 200
        assert (await ours.send("DELETE", one, None)).status == 404
    async with world.tocsin.database.reading() as conn:
        assert await subscribers.of_address(conn, SubscriberKind.WEBHOOK, ADDRESS) is None


async def test_a_person_who_may_plan_maintenance_subscribes_a_channel(sqlite_url: str, tmp_path: Path) -> None:
    policy = POLICY.replace("[webhook]", "[slack]")
    async with running_world(sqlite_url, policy=policy_file(tmp_path, policy)) as world, program(world) as maya:
        channels = "/status-page/channels"
        assert (await maya.post(channels, {"channel": "general"})).status == 422
        assert (await maya.post(channels, {"channel": "C0123ABCD", "component": "none"})).status == 409
        first = await maya.post(channels, {"channel": "C0123ABCD", "component": "api"})
        assert (first.status, first.body["kind"], first.body["components"]) == (200, "slack", ["api"])
        again = await maya.post(channels, {"channel": "C0123ABCD", "component": "api"})
        assert again.body == first.body, "twice is as once"
        assert (await maya.post(channels, {"channel": "C0123ABCD"})).body["components"] == []
        async with program(world, person=GAIL) as guest:
            assert (await guest.post(channels, {"channel": "C0123ABCD"})).status == 403
            assert (await guest.send("DELETE", f"{channels}/C0123ABCD", None)).status == 403
        assert (await maya.send("DELETE", f"{channels}/C0123ABCD", None)).status == 200
        assert (await maya.send("DELETE", f"{channels}/C0123ABCD", None)).status == 404
        async with browser(world, TOM) as console:
            page = await console.get("/statuspage")
            sent = await console.send(page, "/statuspage/channels", channel="C0123ABCD", component="")
            assert sent.status == 303
            assert (await console.send(page, "/statuspage/channels/end", channel=" C0123ABCD")).status == 303
            page = await console.get("/statuspage")
            refused = await console.send(page, "/statuspage/channels/end", channel="C0123ABCD")
            assert refused.status == 404
            assert "not subscribed" in refused.text

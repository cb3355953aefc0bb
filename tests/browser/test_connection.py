"""The connection to the workspace, and the inspector's faults and bot tab."""

from __future__ import annotations

import re
import socket
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("playwright")

from aiohttp import web
from playwright.async_api import Browser, expect

from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.workspace import Workspace
from tests.browser.web_ui import WebUI, go, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_ui_reconnects_after_a_restart_of_the_workspace(browser: Browser, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(Workspace(Settings(port=port, db=tmp_path / "workspace.db")))
    url = await server.start()
    tab = await browser.new_page()
    await tab.goto(f"{url}/?as=maya&in=general")
    await say(tab, "before")
    await expect(tab.locator("#main .message", has_text="before")).to_be_visible()
    await server.stop()
    await expect(tab.locator(".cut")).to_be_visible()
    server = Server(Workspace(Settings(port=port, db=tmp_path / "workspace.db")))
    await server.start()
    await server.ws.person("tom").say("#general", "while you were away")
    await expect(tab.locator("#main .message", has_text="while you were away")).to_be_visible()
    await expect(tab.locator(".cut")).to_be_hidden()
    await expect(tab.locator("#main .message", has_text="before")).to_be_visible()
    await tab.close()
    await server.stop()


async def test_slack_can_be_taken_down_and_brought_back_in_the_inspector(ui: WebUI) -> None:
    maya = await ui.open("maya")
    await say(maya, "/incident declare sev2 Checkout is down")
    await go(maya, "inc-1-checkout-is-down")
    card = maya.locator("#main .message.pinned")
    await expect(card).to_be_visible()
    await card.hover()
    await card.get_by_label("More actions").click()
    await maya.get_by_role("menuitem", name="Show Block Kit").click()
    await expect(maya.locator("#inspector")).to_contain_text('"action_id": "ack"')
    await expect(
        maya.locator("#inspector .entry", has_text="pins.add")
        .or_(maya.locator("#inspector .entry", has_text="chat.postMessage"))
        .first
    ).to_be_visible()
    await maya.get_by_role("tab", name="Faults").click()
    await maya.get_by_role("button", name="Take Slack down").click()
    await expect(maya.locator("#inspector .state")).to_contain_text("Slack is down")
    await card.get_by_role("button", name="Acknowledge").click()
    await expect(maya.locator(".notice.bad").first).to_be_visible()
    await maya.get_by_role("button", name="Bring Slack back").click()
    await expect(maya.locator("#inspector .state")).to_contain_text("Slack is up")
    await card.get_by_role("button", name="Acknowledge").click()
    await expect(card).to_contain_text("by @maya")


async def test_the_faults_tab_shows_faults_that_are_set_elsewhere(ui: WebUI) -> None:
    maya = await ui.open("maya")
    await maya.get_by_role("button", name="Inspector").click()
    await maya.get_by_role("tab", name="Faults").click()
    await expect(maya.locator("#inspector")).to_contain_text("None.")
    clear = maya.get_by_role("button", name="Clear all faults")
    await clear.focus()
    ui.world.ws.faults.add(method="files.*", status=500, count=5)
    await expect(maya.locator("#inspector .in-force")).to_contain_text("files.*: 500, 5 more")
    await expect(clear).to_be_focused()


async def test_at_speed_the_page_shows_the_bots_clock(browser: Browser) -> None:
    async def rows(request: web.Request) -> web.Response:
        # Ten hours ago both clocks were equal; since then the bot's has run twice as fast.
        return web.json_response({"clock": {"real_s": time.time(), "bot_s": time.time() + 10 * 3600}})

    server = Server(Workspace(Settings(port=0, speed=2.0)))
    server.app.router.add_get("/sandbox/demo/bot", rows)
    url = await server.start()
    tab = await (await browser.new_context()).new_page()
    await tab.goto(f"{url}/?as=maya&in=general")
    await say(tab, "What time is it?")
    shown = tab.locator("#main .message", has_text="What time is it?").locator("time")
    zone = ZoneInfo(server.ws.user("maya").tz)
    expected = [datetime.fromtimestamp(time.time() + 10 * 3600 + late, zone).strftime("%H:%M") for late in (0, -60)]
    await expect(shown).to_have_text(re.compile("|".join(expected)))
    await expect(tab.locator("#sidebar .bot-clock")).to_have_text(
        re.compile(r"Tocsin’s clock \d\d:\d\d, 2 times as fast")
    )
    await tab.context.close()
    await server.stop()


async def test_the_page_says_that_the_bot_is_starting_and_holds_what_is_typed(browser: Browser) -> None:
    server = Server(Workspace(Settings(port=0)))
    url = await server.start()
    server.ws.delivery.app_starts()
    tab = await (await browser.new_context()).new_page()
    await tab.goto(f"{url}/?as=maya&in=general")
    await expect(tab.locator(".starting")).to_contain_text("Tocsin is starting")
    await say(tab, "/incident list")
    await expect(tab.locator("#main .message.private")).to_contain_text("Tocsin is starting. What you typed waits")
    server.ws.delivery.app_is_up()
    await expect(tab.locator(".starting")).to_be_hidden()
    await expect(tab.locator("#main .message.private").last).to_contain_text("dispatch_failed")  # nothing runs here
    await tab.context.close()
    await server.stop()


async def test_a_channel_that_is_named_before_it_is_known_gets_its_name(ui: WebUI) -> None:
    maya = await ui.open("maya")
    await say(maya, "/incident declare sev2 Checkout is down")
    welcome = maya.locator(".message.private", has_text="The channel of INC-1 is open")
    await expect(welcome.locator(".mention")).to_have_text("#inc-1-checkout-is-down")


async def test_the_inspector_kills_and_starts_the_demos_bot(browser: Browser) -> None:
    bot = {"running": True, "pid": 4711}

    async def demo(request: web.Request) -> web.Response:
        return web.json_response({"bot": bot})

    async def rows(request: web.Request) -> web.Response:
        due = {"id": 7, "kind": "update", "due_at": "2026-03-01T10:00:00Z", "state": "waiting"}
        if not bot["running"]:
            return web.json_response({"ok": False}, status=503)
        return web.json_response({"outbox": [], "deadlines": [due]})

    async def act(request: web.Request) -> web.Response:
        bot["running"] = request.match_info["act"] == "start"
        return web.json_response({"ok": True})

    server = Server(Workspace(Settings(port=0)))
    server.app.router.add_get("/sandbox/demo", demo)
    server.app.router.add_get("/sandbox/demo/bot", rows)
    server.app.router.add_post("/sandbox/demo/{act}", act)
    url = await server.start()
    tab = await browser.new_page()
    await tab.goto(f"{url}/?as=maya")
    await tab.get_by_role("button", name="Inspector").click()
    await tab.get_by_role("tab", name="Bot").click()
    await expect(tab.locator("#inspector")).to_contain_text("2026-03-01T10:00:00Z")
    await tab.get_by_role("button", name="Kill the bot").click()
    await expect(tab.locator("#inspector .state")).to_contain_text("The bot is stopped")
    await expect(tab.locator("#inspector .hint")).to_have_text(["Cannot be read while the bot is stopped."] * 2)
    await tab.get_by_role("button", name="Start the bot").click()
    await expect(tab.locator("#inspector .state")).to_contain_text("The bot is running")
    await tab.close()
    await server.stop()

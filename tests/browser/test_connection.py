"""The connection to the workspace, and the inspector's faults and bot tab."""

from __future__ import annotations

import socket
from pathlib import Path

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


async def test_the_inspector_kills_and_starts_the_demos_bot(browser: Browser) -> None:
    bot = {"running": True, "pid": 4711}

    async def demo(request: web.Request) -> web.Response:
        return web.json_response({"bot": bot})

    async def rows(request: web.Request) -> web.Response:
        due = {"id": 7, "kind": "update", "due_at": "2026-03-01T10:00:00Z", "state": "waiting"}
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
    await tab.get_by_role("button", name="Start the bot").click()
    await expect(tab.locator("#inspector .state")).to_contain_text("The bot is running")
    await tab.close()
    await server.stop()

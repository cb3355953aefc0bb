"""The line to the workspace: cut and mended; trouble made from the inspector."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.async_api import async_playwright, expect

from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.workspace import Workspace
from tests.page.browsing import CHROMIUM, FLAGS, Desk, go, say


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium, then run again")
async def test_a_restarted_workspace_is_looked_at_again(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(Workspace(Settings(port=port, db=tmp_path / "workspace.db")))
    url = await server.start()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"{url}/?as=maya&in=general")
        await say(page, "before")
        await expect(page.locator("#main .message", has_text="before")).to_be_visible()
        await server.stop()
        await expect(page.locator(".cut")).to_be_visible()
        server = Server(Workspace(Settings(port=port, db=tmp_path / "workspace.db")))
        await server.start()
        await server.ws.person("tom").say("#general", "while you were away")
        await expect(page.locator("#main .message", has_text="while you were away")).to_be_visible()
        await expect(page.locator(".cut")).to_be_hidden()
        await expect(page.locator("#main .message", has_text="before")).to_be_visible()
        await browser.close()
    await server.stop()


async def test_slack_goes_down_and_comes_back_from_the_inspector(desk: Desk) -> None:
    maya = await desk.sit("maya")
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

"""The web UI in a browser, in front of a running bot and workspace."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from tests.scenarios.running import World, running_world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
TIMEOUT_MS = 60_000  # generous, for a machine under load; only a failing test waits this long
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}

expect.set_options(timeout=TIMEOUT_MS)


@dataclass
class WebUI:
    """A running bot and workspace, and a browser that shows it. `console_errors` collects the browser's errors."""

    world: World
    browser: Browser
    console_errors: list[str] = field(default_factory=list)

    async def open(self, who: str, channel: str = "general", *, narrow: bool = False, **context: Any) -> Page:
        """Open a new tab as one person, at a channel."""
        size = NARROW if narrow else WIDE
        opened = await self.browser.new_context(viewport=size, has_touch=narrow, **context)
        tab = await opened.new_page()
        tab.set_default_timeout(TIMEOUT_MS)
        tab.on("console", self._note_console)
        tab.on("pageerror", lambda error: self.console_errors.append(str(error)))
        await tab.goto(f"{self.world.ws.url}/?as={who}&in={channel}")
        await expect(tab.locator("#main h1")).to_be_visible()
        return tab

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium reports every 4xx answer; refusals by the control API are expected.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.console_errors.append(message.text)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a headless browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def running(browser: Browser, url: str, policy: Path | None = None) -> AsyncIterator[WebUI]:
    """Start a workspace and the bot for a browser; close its tabs afterwards."""
    async with running_world(url, policy=policy) as world:
        try:
            yield WebUI(world, browser)
        finally:
            for context in browser.contexts:
                await context.close()


async def say(tab: Page, line: str) -> None:
    """Type a line into the composer of the conversation and send it."""
    area = tab.locator("#main textarea.write")
    await area.fill(line)
    await area.press("Enter")


async def choose(tab: Page, label: str, option: str) -> None:
    """Choose in a select of the open modal."""
    await tab.locator("dialog").get_by_role("combobox", name=label).click()
    await tab.get_by_role("option", name=option).first.click()


async def go(tab: Page, channel: str) -> None:
    """Click a channel in the sidebar."""
    await tab.locator("#sidebar a", has_text=channel).first.click()
    await expect(tab.locator("#main h1")).to_contain_text(channel)

"""A browser in front of a running bot and workspace."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.scenarios.running import World, world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
PATIENCE_MS = 20_000  # other work may load the machine; only what fails waits for so long
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Desk:
    """The running world and a browser to look at it. `complaints` is what the browser's console objected to."""

    world: World
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def sit(self, who: str, place: str = "general", *, narrow: bool = False, **context: Any) -> Page:
        """A tab of its own for one person, open at a channel."""
        size = NARROW if narrow else WIDE
        opened = await self.browser.new_context(viewport=size, has_touch=narrow, **context)  # type: ignore[arg-type]
        page = await opened.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.world.ws.url}/?as={who}&in={place}")
        await expect(page.locator("#main h1")).to_be_visible()
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium reports every 4xx answer; the refusals of the control API are part of the play.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def desk(browser: Browser, url: str, policy: Path | None = None) -> AsyncIterator[Desk]:
    """A workspace and the bot in front of a browser; its tabs are closed afterwards."""
    async with world(url, policy=policy) as running:
        try:
            yield Desk(running, browser)
        finally:
            for context in browser.contexts:
                await context.close()


async def say(page: Page, line: str) -> None:
    """Type into the composer of the conversation, and Enter."""
    area = page.locator("#main textarea.write")
    await area.fill(line)
    await area.press("Enter")


async def choose(page: Page, label: str, option: str) -> None:
    """Choose in a select of the open modal."""
    await page.locator("dialog").get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).first.click()


async def go(page: Page, channel: str) -> None:
    """Click a channel in the sidebar."""
    await page.locator("#sidebar a", has_text=channel).first.click()
    await expect(page.locator("#main h1")).to_contain_text(channel)

"""One browser for all tests of the web UI; without chromium they are skipped."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.browser.web_ui import WebUI


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="chromium is not installed: apt-get install chromium"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser for the whole session; every test opens its own tabs."""
    from tests.browser import web_ui  # noqa: PLC0415 - playwright may be missing where these tests are skipped

    async with web_ui.chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def ui(browser: Browser, sqlite_url: str) -> AsyncIterator[WebUI]:
    """The bot with the default policy, and a browser whose console must stay free of errors."""
    from tests.browser import web_ui  # noqa: PLC0415 - playwright may be missing where these tests are skipped

    async with web_ui.running(browser, sqlite_url) as opened:
        yield opened
        assert opened.console_errors == []

"""One browser for all tests of the page; skips what needs one where there is none."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.browser.browsing import Desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="no chromium here: apt-get install chromium, then run again"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Started once: every test opens tabs of its own."""
    from tests.browser import browsing

    async with browsing.chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, sqlite_url: str) -> AsyncIterator[Desk]:
    """The bot with its own policy, and a browser that must not complain."""
    from tests.browser import browsing

    async with browsing.desk(browser, sqlite_url) as opened:
        yield opened
        assert opened.complaints == []

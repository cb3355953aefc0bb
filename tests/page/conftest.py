"""Skips what needs a browser where there is none."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.page.browsing import Desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if "tests/page/" in item.nodeid and "desk" in getattr(item, "fixturenames", ())]
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    for item in here:
        item.add_marker(pytest.mark.skip(reason="no chromium here: apt-get install chromium, then run again"))


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The bot with its own policy, and a browser that must not complain."""
    from tests.page import browsing

    async with browsing.desk(sqlite_url) as opened:
        yield opened
        assert opened.complaints == []

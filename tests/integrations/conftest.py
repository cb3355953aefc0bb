from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.slack.client import api as slack_api


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """As the bot's own."""
    async with slack_api.open_session() as opened:
        yield opened

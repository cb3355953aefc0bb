"""The page over real HTTP, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.usecases.context import Context
from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.gate import Gate
from bot.web.statuspage.routes import routes
from tests.usecases.conftest import MakeContext, MovableClock, clock, make_context

__all__ = ["MovableClock", "clock", "make_context"]  # fixtures

POLICY = "preset: sev1-5\nstatus_page: {name: Example AI, preset: llm-platform, url: https://status.example.com}\n"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


@pytest.fixture
async def cache(context: Context) -> AsyncIterator[StatusPageCache]:
    made = StatusPageCache(context)
    await made.start()
    yield made
    await made.stop(5.0)


@pytest.fixture
async def client(cache: StatusPageCache) -> AsyncIterator[Client]:
    application = web.Application()
    application.add_routes(routes(Gate(cache)))
    async with TestClient(TestServer(application)) as opened:
        yield opened

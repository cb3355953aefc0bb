"""The reader of vendors' APIs goes where the settings say, and nowhere that an answer leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from bot.importers import reader as reader_module
from bot.importers.errors import Forbidden, ImportFailed
from bot.importers.reader import Reader
from tests.importers.doubles import serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class StubServer:
    """A server that answers as it is told."""

    handle: Handler
    url: str = ""
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def reading(handle: Handler) -> AsyncIterator[Reader]:
    async with serving(StubServer(handle)) as url, aiohttp.ClientSession() as session:
        yield Reader("Vendor", url, {"Authorization": "secret"}, "VENDOR_KEY", session, pause_s=0.001)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    asked = []

    async def astray(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/latest/meta-data"})

    async with reading(astray) as reader:
        with pytest.raises(ImportFailed):
            await reader.get("v2/users")
    assert asked == ["/v2/users"]


async def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "LARGEST_ANSWER", 100_000)

    async def endless(request: web.Request) -> web.StreamResponse:
        return web.Response(text=" " * 1_000_000)

    async with reading(endless) as reader:
        with pytest.raises(ImportFailed, match="larger"):
            await reader.get("v2/users")


@pytest.mark.parametrize("body", ["no json", "[" * 100_000, ""])
async def test_an_answer_that_is_no_json_is_said_to_be_none(body: str) -> None:
    async def odd(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    async with reading(odd) as reader:
        with pytest.raises(ImportFailed, match="no JSON"):
            await reader.get("v2/users")


async def test_a_server_that_stumbles_is_asked_again() -> None:
    answers = [500, 503, 429, 200]

    async def stumbling(request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []}, status=answers.pop(0))

    async with reading(stumbling) as reader:
        assert await reader.get("v2/users") == {"data": []}


async def test_what_a_key_may_not_read_is_told_apart_from_a_wrong_key() -> None:
    async def forbidding(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403 if request.path == "/v1/services" else 401)

    async with reading(forbidding) as reader:
        with pytest.raises(Forbidden):
            await reader.get("v1/services")
        with pytest.raises(ImportFailed, match="VENDOR_KEY"):
            await reader.get("v2/users")

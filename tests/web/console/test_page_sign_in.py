"""Members sign in to an internal status page that is served by a listener of its own, at another address."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import pytest

from bot.domain.statuspage.publication import NewPublication
from bot.domain.timeline.entry import BOT
from bot.usecases.status_page.publish import publish
from bot.web.console.visitor import Console
from tests.scenarios.running import World, policy_file, running_world
from tests.web.console.browser import Browser, Page, browser

CONSOLE, PAGE = "http://tocsin.example.com", "https://status.example.com"
POLICY = """
preset: sev1-5
status_page: {name: Example AI, preset: llm-platform, visibility: internal, url: "https://status.example.com/status"}
"""


@dataclass(slots=True)
class Reader:
    """Somebody's browser at the page's address; it keeps the cookies of the console apart, as two hosts are."""

    page: Browser

    async def get(self, address: str) -> Page:
        """Over TLS in front of the listener: the cookies of the page are for https alone."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.page.cookies().items())
        return await self.page.get(address.removeprefix(PAGE), **({"Cookie": cookies} if cookies else {}))


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    policy = policy_file(tmp_path, POLICY)
    async with running_world(
        sqlite_url, policy=policy, tocsin_url=CONSOLE, tocsin_status_listen="127.0.0.1:0"
    ) as opened:
        yield opened


@pytest.fixture
async def reader(world: World) -> AsyncIterator[Reader]:
    listener = world.tocsin.status_http
    assert listener is not None
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Reader(Browser(session, f"http://127.0.0.1:{listener.port}"))


async def test_a_member_signs_in_at_the_console_and_comes_back_to_what_was_asked_for(
    world: World, reader: Reader
) -> None:
    made = await publish(world.tocsin.context, None, NewPublication("Slow", "We look into it."), BOT)
    path = f"/status/incidents/{made.id}"
    sent = await reader.get(path)
    assert (sent.status, sent.headers["Location"]) == (303, f"{CONSOLE}/status/enter?next={path}")
    for data in ("/status/feed.atom", "/api/v2/summary.json"):
        assert (await reader.get(data)).status == 404
    async with browser(world, None) as stranger:
        asked = await stranger.get(f"/status/enter?next={path}")
        assert unquote(asked.headers["Location"]) == f"/login?next=/status/enter?next={path}"
    async with browser(world) as maya:
        back = (await maya.get(f"/status/enter?next={path}")).headers["Location"]
        assert back.startswith(f"{PAGE}/status/enter/")
        entered = await reader.get(back)
        assert (entered.status, entered.headers["Location"]) == (303, path)
        cookie = entered.headers["Set-Cookie"]
        assert all(word in cookie for word in ("__Host-tocsin_page=", "HttpOnly", "Secure", "SameSite=Lax"))
        shown = await reader.get(path)
        assert "We look into it." in shown.text
        assert "access=" not in shown.text
        assert (await reader.get("/status/feed.atom")).status == 200
        assert (await reader.get(back)).status == 410  # the ticket works once
        assert (await reader.get("/incidents")).status == 404  # nothing but the page is there
        await maya.act("/logout", {})
    assert (await reader.get(path)).status == 303  # it ends with the session of the console


async def test_both_listeners_share_the_console(world: World) -> None:
    consoles = [found for found in gc.get_objects() if isinstance(found, Console)]
    assert len([console for console in consoles if console.context is world.tocsin.context]) == 1


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/status", "/incidents", "/statusx"])
async def test_the_way_back_leads_to_the_page_alone(world: World, reader: Reader, target: str) -> None:
    async with browser(world) as maya:
        back = (await maya.get(f"/status/enter?next={target}")).headers["Location"]
    ticket = back.partition("?")[0]
    assert (await reader.get(f"{ticket}?next={target}")).headers["Location"] == "/status"


async def test_a_guest_a_forged_ticket_and_a_forged_cookie_see_nothing(world: World, reader: Reader) -> None:
    async with browser(world, world.ws.user("gail").id) as guest:
        assert (await guest.get("/status/enter?next=/status")).status == 403
    async with browser(world) as maya:
        ticket = (await maya.get("/status/enter?next=/status")).headers["Location"].partition("?")[0]
    forged = ticket[:-1] + ("0" if ticket[-1] != "0" else "1")
    for address in (forged, f"{PAGE}/status/enter/1:99999999999:0.{'0' * 43}", f"{PAGE}/status/enter/x"):
        assert (await reader.get(address)).status == 410
    for value in ("1", f"1.{'0' * 43}", ticket.rpartition("/")[2]):
        answer = await reader.page.get("/status", Cookie=f"__Host-tocsin_page={value}")
        assert answer.status == 303

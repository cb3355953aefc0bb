"""A paged person acknowledges by a link, without Slack: only its POST acts, once, until it expires, for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.domain.access.acknowledge_link import VALID_FOR
from bot.integrations import email, sms
from bot.usecases.acknowledge_links import address_for
from storage import incidents
from tests.api.calls import MAYA, TOM, program
from tests.integrations.pages import page
from tests.scenarios.running import World, running_world

PUBLIC = "https://tocsin.example.com/in/here"
LINK = f"{PUBLIC}/ack/7.VTBNQVlBMDAwMA.1790000000.0123456789.abcdefghijklmnopqrstuv"


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, tocsin_url=PUBLIC) as running:
        async with program(running) as maya:
            await maya.post("/incidents", {"title": "Checkout <b>is</b> down", "severity": "sev2"})
        yield running


async def link_to(world: World, person: str = TOM, key: str = "page-1") -> str:
    """The link as the bot itself serves it."""
    async with world.tocsin.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    address = await address_for(world.tocsin.context, incident, person, key)
    assert address is not None
    return address.replace(PUBLIC, f"http://127.0.0.1:{world.tocsin.port}")


async def request(method: str, url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.request(method, url, allow_redirects=False) as answer:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.text()


async def test_following_the_link_changes_nothing_and_its_button_acts_once(world: World) -> None:
    url = await link_to(world)
    for _ in range(3):  # as mail scanners do
        status, shown = await request("GET", url)
        assert status == 200
        assert '<form method="post">' in shown
        assert "Checkout &lt;b&gt;is&lt;/b&gt; down" in shown
    assert (await world.show())["acknowledged_at"] is None
    assert (await request("POST", url))[0] == 200
    status, again = await request("POST", url)
    assert (status, "used already" in again) == (410, True)
    assert (await request("GET", url))[0] == 410
    (entry,) = [entry for entry in (await world.show())["timeline"] if entry["kind"] == "acknowledged"]
    assert (entry["actor"], entry["source"]) == (TOM, "console")


async def test_a_link_cannot_be_guessed_or_altered_and_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    url, other = await link_to(world), await link_to(world, MAYA)
    start, _, mac = url.rpartition(".")
    forged = [f"{start}.{'A' * len(mac)}", f"{start}.", f"{other.rpartition('.')[0]}.{mac}", url[:-1], f"{url}A", "x"]
    for each in forged:
        target = each if each.startswith("http") else f"http://127.0.0.1:{world.tocsin.port}/ack/{each}"
        assert (await request("GET", target))[0] == 404, each
        assert (await request("POST", target))[0] == 404, each
    await world.pass_time(seconds=VALID_FOR.total_seconds() + 60)
    status, shown = await request("POST", url)
    assert (status, "expired" in shown) == (410, True)
    assert (await world.show())["acknowledged_at"] is None


def test_mails_and_messages_carry_the_link() -> None:
    paged = replace(page(), acknowledge=LINK)
    assert f"Acknowledge without Slack: {LINK}\n" in email.text(paged)
    assert f'<a href="{LINK}">' in email.markup(paged)
    assert f"\nAcknowledge: {LINK}\n" in sms.text(paged)
    assert len(sms.text(paged)) <= 320
    private = replace(paged, title=None, severity=None, status=None, why=None, link=None)
    assert LINK in sms.text(private)
    assert "abcdefghij" not in repr(paged)

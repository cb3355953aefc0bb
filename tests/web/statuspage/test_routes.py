"""The page over real HTTP, on a real database."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import Correction, NewPublication, PublicChange
from bot.domain.statuspage.publication import publish as publish_new
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.status_page.publish import correct, post, publish
from bot.web.statuspage import subscriptions
from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.documents import MOST_IN_HISTORY
from bot.web.statuspage.gate import Gate
from bot.web.statuspage.pages import bar_path
from bot.web.statuspage.routes import routes
from storage.statuspage import publications
from tests.usecases.conftest import MakeContext
from tests.web.statuspage.conftest import POLICY, Client


async def test_what_is_published_is_on_the_page_and_in_the_api(
    client: Client, cache: StatusPageCache, context: Context
) -> None:
    made = await publish(
        context, None, NewPublication("Chat <fails>", "We look into it.", {"chat-completions": S.PARTIAL_OUTAGE}), BOT
    )
    await cache.refresh()
    page = await (await client.get("/status")).text()
    assert "Chat &lt;fails&gt;" in page
    assert "Partial outage" in page
    for path in ("/status/api/v2/summary.json", "/api/v2/summary.json"):
        summary = await (await client.get(path)).json()
        assert summary["status"] == {"indicator": "major", "description": "Partial outage"}
        assert [each["name"] for each in summary["incidents"]] == ["Chat <fails>"]
    permalink = await client.get(f"/status/incidents/{made.id}")
    assert permalink.status == 200
    assert "We look into it." in await permalink.text()


async def test_a_correction_is_shown_as_edited(client: Client, cache: StatusPageCache, context: Context) -> None:
    made = await publish(context, None, NewPublication("Slow", "First words."), BOT)
    await correct(context, made.id, Correction("Better words.", 1), BOT)
    await cache.refresh()
    page = await (await client.get("/status")).text()
    assert "Better words." in page
    assert "edited" in page
    assert "First words." not in page


async def test_a_reader_who_has_the_page_gets_304(client: Client) -> None:
    first = await client.get("/status")
    again = await client.get("/status", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""
    assert "max-age" in first.headers["Cache-Control"]
    assert "Set-Cookie" not in first.headers


async def test_the_page_has_six_components_no_script_and_at_most_40_kilobytes(client: Client) -> None:
    answer = await client.get("/status", headers={"Accept-Encoding": "identity"})
    body = await answer.read()
    assert len(body) <= 40 * 1024
    assert b"<script" not in body
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for name in (b"API", b"Chat Completions", b"Embeddings", b"Dashboard", b"Webhooks", b"Authentication"):
        assert b">" + name + b"<" in body


@pytest.mark.parametrize("path", ["/status/incidents/nothing", "/status/incidents/..%2f", "/status/api/v2/x.json"])
async def test_an_unknown_page_is_404(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_the_page_is_compressed_for_those_who_take_it(client: Client, cache: StatusPageCache) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        answer = await session.get(client.make_url("/status"), headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert await answer.read() == cache.documents["/status"].compressed


@pytest.mark.parametrize("visibility", ["customers", "internal"])
async def test_a_page_that_is_not_public_is_there_only_for_those_who_have_its_link(
    make_context: MakeContext, visibility: str
) -> None:
    context = make_context(POLICY.replace("preset: llm", f"visibility: {visibility}, preset: llm"))
    made = await publish(context, None, NewPublication("Slow", "First words."), BOT)
    async with page_of(context) as (client, cache):
        for path in (
            "/status", "/status/history", "/api/v2/summary.json", "/status/feed.atom", "/status/maintenance.ics",
            f"/status/incidents/{made.id}", "/status/subscribe",
        ):  # fmt: skip
            assert (await client.get(path, allow_redirects=False)).status == 404
            assert (await client.get(path, params={"access": "x" * 32})).status == 404
            answer = await client.get(path, params={"access": str(cache.access)})
            assert answer.status == 200
            assert answer.headers["Cache-Control"] in ("private, no-cache", "no-store")
        feed = await (await client.get("/status/feed.json", params={"access": str(cache.access)})).json()
        assert feed["items"][0]["url"].endswith(f"/incidents/{made.id}?access={cache.access}")


async def test_no_page_that_anybody_sees_gives_the_key_of_one_that_is_not_public(make_context: MakeContext) -> None:
    context = make_context(POLICY.replace("preset: llm", "visibility: customers, preset: llm"))
    async with page_of(context) as (client, cache):
        for method in ("GET", "POST"):
            for path in ("/status/confirm/x.y", "/status/unsubscribe/x.y", "/status", "/status/subscribe"):
                answer = await client.request(method, path, params={"access": "wrong"})
                assert answer.status in (404, 405)
                assert str(cache.access) not in await answer.text()


async def test_older_parts_of_the_history_are_linked_until_there_is_no_more(
    client: Client, cache: StatusPageCache, context: Context
) -> None:
    now = context.clock.now().replace(microsecond=500_000)
    async with context.database.transaction() as conn:
        for n in range(MOST_IN_HISTORY + 5):
            began = now - timedelta(days=(n + 1) // 2 + 1, milliseconds=n)  # two within the same second
            new = NewPublication(f"Outage {n}", "It was.", started_at=began, ended_at=began + timedelta(hours=1))
            await publications.save(conn, publish_new(new, None, BOT, now))
    await cache.refresh()
    titles: list[str] = []
    path, parts = "/status/history", 0
    while path:
        text = await (await client.get(path)).text()
        titles += re.findall(r">(Outage \d+)<", text)
        found = re.search(r'<a href="([^"]+)">Older</a>', text)
        path, parts = (html.unescape(found[1]) if found else ""), parts + 1
    assert parts == 2
    assert titles == [f"Outage {n}" for n in range(MOST_IN_HISTORY + 5)]


@asynccontextmanager
async def page_of(context: Context) -> AsyncIterator[tuple[Client, StatusPageCache]]:
    """The page and its subscriptions, where nobody can sign in."""
    cache = StatusPageCache(context)
    await cache.start()
    application = web.Application()
    application.add_routes([*routes(Gate(cache)), *subscriptions.routes(context, Gate(cache))])
    async with TestClient(TestServer(application)) as client:
        yield client, cache
    await cache.stop(5.0)


async def test_text_from_right_to_left_stands_as_it_is_read(
    client: Client, cache: StatusPageCache, context: Context
) -> None:
    await publish(context, None, NewPublication("\u0627\u0646\u0642\u0637\u0627\u0639", "We look into it."), BOT)
    await cache.refresh()
    page = await (await client.get("/status")).text()
    assert '<h3 dir="auto">' in page
    assert '<p dir="auto">We look into it.</p>' in page


async def test_a_bad_fortnight_fits_into_40_kilobytes_and_what_is_left_out_is_linked(
    client: Client, cache: StatusPageCache, context: Context
) -> None:
    now, down = context.clock.now(), {"api": S.MAJOR_OUTAGE}
    made = await publish(context, None, NewPublication("Requests fail", "Update 0.", down), BOT)
    for number in range(1, 40):
        await post(context, made.id, PublicChange(f"Update {number}. " + "We look into it. " * 10), BOT)
    for day in range(20):
        ended = now - timedelta(hours=15 * day)
        past = NewPublication(
            f"Past {day}", "It was slow.", down, started_at=ended - timedelta(hours=1), ended_at=ended
        )
        await publish(context, None, past, BOT)
    await cache.refresh()
    page = await (await client.get("/status")).text()
    assert len(page.encode()) <= 40_000
    shown = len(re.findall(r"Update \d+\.", page))
    assert "Update 39." in page
    assert f'<a href="/status/incidents/{made.id}">{40 - shown} earlier updates</a>' in page
    assert "12 more, and earlier incidents" in page
    whole = await (await client.get(f"/status/incidents/{made.id}")).text()
    assert len(re.findall(r"Update \d+\.", whole)) == 40
    assert len((await (await client.get("/status/history")).text()).encode()) <= 40_000


def test_a_bar_is_a_line_of_dashes_for_each_run_of_days() -> None:
    days = ["n", "o", "o", "w", "o"]
    assert bar_path(days, "o") == "M4 16h6.6M16 16h2.6"
    assert bar_path(days, "w") == "M12 6.5h2.6M12 25.5h2.6"
    assert bar_path(days, "n") == "M0 31h2.6"

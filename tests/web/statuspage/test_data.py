"""The status page's data for programs: the API, the feeds, the calendar, the badge, and the static copy."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from icalendar import Calendar

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import NewPublication, PublicChange, PublicStatus
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.status_page.maintain import schedule
from bot.usecases.status_page.publish import post, publish
from bot.web.statuspage import mirror
from bot.web.statuspage.cache import StatusPageCache
from tests.web.statuspage.conftest import Client
from tests.web.statuspage.statuspage_api import DOCUMENTS

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def filled(context: Context, cache: StatusPageCache) -> StatusPageCache:
    """Something open, and something past."""
    await publish(
        context, None,
        NewPublication("Chat <is> slow & more", "First.\n\nSecond.", {"chat-completions": S.DEGRADED_PERFORMANCE}), BOT,
    )  # fmt: skip
    past = await publish(context, None, NewPublication("Over", "We look.", {"api": S.MAJOR_OUTAGE}), BOT)
    await post(context, past.id, PublicChange("A fix is in place.", PublicStatus.MONITORING), BOT)
    await post(context, past.id, PublicChange("It is over.", PublicStatus.RESOLVED), BOT)
    await cache.refresh()
    return cache


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_each_document_of_the_api_has_statuspages_shape(
    name: str, client: Client, filled: StatusPageCache
) -> None:
    for prefix in ("/api/v2", "/status/api/v2"):
        answer = await client.get(f"{prefix}/{name}.json")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        document = await answer.json()
        jsonschema.validate(document, DOCUMENTS[name])
    assert document["page"]["name"] == "Example AI"


async def test_what_is_over_is_listed_among_all_incidents_only(client: Client, filled: StatusPageCache) -> None:
    unresolved = await (await client.get("/api/v2/incidents/unresolved.json")).json()
    every = await (await client.get("/api/v2/incidents.json")).json()
    assert [each["name"] for each in unresolved["incidents"]] == ["Chat <is> slow & more"]
    assert {each["name"]: each["impact"] for each in every["incidents"]} == {
        "Chat <is> slow & more": "minor", "Over": "critical",
    }  # fmt: skip


async def test_the_atom_feed_has_an_entry_with_an_id_of_its_own_for_each_update(
    client: Client, filled: StatusPageCache
) -> None:
    feed = ET.fromstring(await (await client.get("/status/feed.atom")).read())
    ids = [each.findtext(f"{ATOM}id") for each in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == 4
    titles = [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")]
    assert "Investigating: Chat <is> slow & more" in titles
    for name in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{name}")


async def test_the_rss_feed_and_the_json_feed_have_the_same_updates(client: Client, filled: StatusPageCache) -> None:
    channel = ET.fromstring(await (await client.get("/status/feed.rss")).read()).find("channel")
    assert channel is not None
    feed = await (await client.get("/status/feed.json")).json(content_type="application/feed+json")
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [each.findtext("guid") for each in channel.iter("item")] == [each["id"] for each in feed["items"]]


async def test_the_page_names_its_feeds_for_readers_to_discover(client: Client) -> None:
    page = await (await client.get("/status")).text()
    for kind in ("application/atom+xml", "application/rss+xml", "application/feed+json", "text/calendar"):
        assert f'rel="alternate" type="{kind}"' in page


async def test_the_calendar_can_be_read_and_the_badge_says_its_state(client: Client, filled: StatusPageCache) -> None:
    assert Calendar.from_ical(await (await client.get("/status/maintenance.ics")).text())["PRODID"]
    badge = ET.fromstring(await (await client.get("/status/badge.svg")).read())
    assert badge.get("aria-label") == "Example AI: Degraded performance"


async def test_the_copy_is_written_whole_links_within_itself_and_says_when(
    filled: StatusPageCache, tmp_path: Path
) -> None:
    assert filled.view is not None
    mirror.write(filled.view, tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Written" in page
    assert 'href="/' not in page
    publication = filled.view.incidents[0]
    assert f'href="./incidents/{publication.id}/index.html"' in page
    assert "Second." in (tmp_path / "incidents" / publication.id / "index.html").read_text()
    assert (tmp_path / "api/v2/summary.json").exists()
    assert not [path for path in tmp_path.rglob(".new-*")]


async def test_an_unchanged_file_of_the_copy_is_left_alone(filled: StatusPageCache, tmp_path: Path) -> None:
    assert filled.view is not None
    mirror.write(filled.view, tmp_path)
    badge = tmp_path / "badge.svg"
    before = badge.stat().st_mtime_ns
    mirror.write(filled.view, tmp_path)
    assert badge.stat().st_mtime_ns == before


async def test_uptime_of_an_outage_that_goes_on_is_rendered_anew(
    context: Context, client: Client, filled: StatusPageCache
) -> None:
    assert filled.view is not None
    context.clock.instant += timedelta(minutes=5)  # type: ignore[attr-defined]
    await publish(context, None, NewPublication("Down", "We look.", {"webhooks": S.MAJOR_OUTAGE}), BOT)
    context.clock.instant += timedelta(minutes=5)  # type: ignore[attr-defined]
    filled._rendered_at -= 61
    await filled.refresh()
    share = {each.component.key: each.uptime.share for each in filled.view.components}
    assert share["webhooks"] == pytest.approx(0.5)


async def test_feeds_say_when_maintenance_is_planned(client: Client, context: Context, cache: StatusPageCache) -> None:
    starts = context.clock.now() + timedelta(hours=2)
    await schedule(context, NewMaintenance("Move", "Soon.", ["api"], starts, starts + timedelta(hours=1)), BOT)
    await cache.refresh()
    feed = await (await client.get("/status/feed.json")).json(content_type="application/feed+json")
    (planned,) = [each["content_text"] for each in feed["items"] if each["title"].startswith("Scheduled:")]
    assert re.search(r"\n\nPlanned: \d{4}-\d\d-\d\d \d\d:\d\d to (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC$", planned)
    assert "Planned: " in await (await client.get("/status/feed.rss")).text()
    assert "Planned: " in await (await client.get("/status/feed.atom")).text()

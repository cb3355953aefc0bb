"""Renders what other programs subscribe to: Atom, RSS, JSON Feed, a calendar of maintenance, and a badge.

Atom is RFC 4287, JSON Feed is version 1.1, the calendar RFC 5545.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import Publication, PublicStatus, PublicUpdate, planned_text
from bot.domain.statuspage.view import PageView
from bot.web.statuspage.api_v2 import timestamp

if TYPE_CHECKING:
    from icalendar import Event
from bot.web.statuspage.pages import paragraphs

ATOM = "http://www.w3.org/2005/Atom"
MOST_ENTRIES = 50
_XML = b'<?xml version="1.0" encoding="utf-8"?>\n'
ET.register_namespace("atom", ATOM)


@dataclass(frozen=True, slots=True)
class Item:
    """One update of a publication, which is one entry of a feed."""

    publication: Publication
    update: PublicUpdate

    def url(self, view: PageView) -> str:
        """The address of the publication's page."""
        return view.address(self.publication.id)

    def uid(self, view: PageView) -> str:
        """The ID by which a feed reader recognizes it after any edit."""
        return f"{view.url}/incidents/{self.publication.id}#{self.update.id}"

    @property
    def title(self) -> str:
        """The publication's title and how far it was."""
        return f"{self.update.status.label}: {self.publication.title}"

    def text(self, view: PageView) -> str:
        """The publication's text; planned maintenance includes its times."""
        planned = planned_text(self.publication, view.zone) if self.update.status is PublicStatus.SCHEDULED else ""
        return f"{self.update.message}\n\nPlanned: {planned}" if planned else self.update.message

    @property
    def changed_at(self) -> datetime:
        """When it was written or last edited."""
        return self.update.edited_at or self.update.at


def items(view: PageView) -> list[Item]:
    """The newest updates of everything, the newest first."""
    all_items = [Item(publication, update) for publication in view.everything for update in publication.updates]
    return sorted(all_items, key=lambda item: item.update.at, reverse=True)[:MOST_ENTRIES]


def atom(view: PageView) -> bytes:
    """The updates as an Atom feed."""
    feed = ET.Element("feed", xmlns=ATOM)
    _texts(feed, {"id": view.url, "title": f"{view.rules.name} status", "updated": timestamp(_changed(view))})
    ET.SubElement(feed, "link", rel="self", type="application/atom+xml", href=f"{view.url}/feed.atom{view.query}")
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href=view.url + view.query)
    _texts(ET.SubElement(feed, "author"), {"name": view.rules.name})
    for item in items(view):
        entry = ET.SubElement(feed, "entry")
        _texts(
            entry,
            {
                "id": item.uid(view), "title": item.title, "published": timestamp(item.update.at),
                "updated": timestamp(item.changed_at),
            },
        )  # fmt: skip
        ET.SubElement(entry, "link", rel="alternate", type="text/html", href=item.url(view))
        content = ET.SubElement(entry, "content", type="html")
        content.text = _xml_text(str(paragraphs(item.text(view))))
    return _document(feed)


def rss(view: PageView) -> bytes:
    """The updates as RSS 2.0."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _texts(
        channel,
        {
            "title": f"{view.rules.name} status", "link": view.url + view.query,
            "description": f"Updates of {view.rules.name}", "language": "en", "lastBuildDate": _rfc2822(_changed(view)),
        },
    )  # fmt: skip
    ET.SubElement(
        channel, f"{{{ATOM}}}link", rel="self", type="application/rss+xml", href=f"{view.url}/feed.rss{view.query}"
    )
    for item in items(view):
        entry = ET.SubElement(channel, "item")
        _texts(
            entry,
            {
                "title": item.title, "link": item.url(view), "pubDate": _rfc2822(item.update.at),
                "description": str(paragraphs(item.text(view))),
            },
        )  # fmt: skip
        ET.SubElement(entry, "guid", isPermaLink="false").text = item.uid(view)
    return _document(root)


def json_feed(view: PageView) -> bytes:
    """The updates as JSON Feed 1.1."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{view.rules.name} status",
        "home_page_url": view.url + view.query,
        "feed_url": f"{view.url}/feed.json{view.query}",
        "language": "en",
        "items": [
            {
                "id": item.uid(view),
                "url": item.url(view),
                "title": item.title,
                "content_text": item.text(view),
                "date_published": timestamp(item.update.at),
                "date_modified": timestamp(item.changed_at),
            }
            for item in items(view)
        ],
    }
    return json.dumps(feed, ensure_ascii=False).encode()


def calendar(view: PageView) -> bytes:
    """Maintenance as a calendar, past maintenance of the page's history too."""
    from icalendar import Calendar  # noqa: PLC0415 - slow to import, and seldom needed

    feed = Calendar()
    feed.add("prodid", "-//Tocsin//status page//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", f"{view.rules.name}: maintenance")
    feed.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for publication in _maintenance(view):
        feed.add_component(_event(publication, view))
    return bytes(feed.to_ical())


def _event(publication: Publication, view: PageView) -> Event:
    from icalendar import Event  # noqa: PLC0415 - as above

    event = Event()
    event.add("uid", f"{publication.id}@status")
    event.add("dtstamp", publication.updated_at.astimezone(UTC))
    event.add("last-modified", publication.updated_at.astimezone(UTC))
    event.add("sequence", len(publication.updates) - 1)
    event.add("dtstart", (publication.scheduled_for or publication.started_at).astimezone(UTC))
    event.add("dtend", (publication.scheduled_until or publication.ended_at or view.now).astimezone(UTC))
    event.add("summary", f"{view.rules.name}: {publication.title}")
    event.add("description", publication.updates[-1].message)
    event.add("url", view.address(publication.id))
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def _maintenance(view: PageView) -> Iterator[Publication]:
    yield from view.maintenance
    yield from (publication for publication in view.past if publication.is_maintenance and _took_place(publication))


def _took_place(publication: Publication) -> bool:
    """Whether it began: what was called off before is not in the calendar."""
    return any(update.status is PublicStatus.IN_PROGRESS for update in publication.updates)


_BADGE_COLOURS = {
    ComponentState.OPERATIONAL: "#23824d", ComponentState.UNDER_MAINTENANCE: "#2f62b5",
    ComponentState.DEGRADED_PERFORMANCE: "#8a6100", ComponentState.PARTIAL_OUTAGE: "#b04a00",
    ComponentState.MAJOR_OUTAGE: "#b3261e",
}  # fmt: skip
_CHARACTER, _PADDING = 6.6, 12  # widths at 11 px


def badge(view: PageView) -> bytes:
    """A small picture with the name and the state, for other pages. Its text is the alternative, too."""
    name, headline = view.rules.name, view.headline
    name_width, headline_width = (round(len(text) * _CHARACTER) + _PADDING for text in (name, headline))
    width, colour = name_width + headline_width, _BADGE_COLOURS[view.headline_state]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" role="img" '
        f"aria-label={quoteattr(f'{name}: {headline}')}><title>{escape(f'{name}: {headline}')}</title>"
        f'<rect width="{width}" height="22" rx="4" fill="#2b3036"/>'
        f'<path d="M{name_width} 0h{headline_width - 4}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4H{name_width}z" fill="{colour}"/>'
        '<g fill="#fff" font-family="system-ui,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{name_width / 2}" y="15">{escape(name)}</text>'
        f'<text x="{name_width + headline_width / 2}" y="15">{escape(headline)}</text>'
        "</g></svg>"
    ).encode()


def icon(view: PageView) -> bytes:
    """The page's icon: a dot in the colour of the state."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        f'<circle cx="8" cy="8" r="7" fill="{_BADGE_COLOURS[view.headline_state]}"/></svg>'
    ).encode()


def _document(root: ET.Element) -> bytes:
    return _XML + str(ET.tostring(root, encoding="unicode")).encode()


def _texts(parent: ET.Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = _xml_text(text)


def _xml_text(text: str) -> str:
    """The text without characters that XML does not have."""
    return "".join(char for char in text if char in "\t\n\r" or (ord(char) >= 32 and char not in "\ufffe\uffff"))


def _rfc2822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC))


def _changed(view: PageView) -> datetime:
    return view.updated_at or view.since

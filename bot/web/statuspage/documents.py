"""Renders the documents of the status page by their paths: pages, feeds, API, calendar."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.view import PageView
from bot.web.statuspage import api_v2, feeds, pages
from bot.web.statuspage.rendered import Rendered, render, style_policy

PREFIX = "/status"
CALENDAR = "maintenance.ics"
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


def links(view: PageView) -> dict[str, str]:
    """The addresses that pages link to."""
    query = view.query
    return {
        "base": PREFIX,
        "home": PREFIX + query,
        "history": f"{PREFIX}/history{query}",
        "subscribe": f"{PREFIX}/subscribe{query}" if {"email", "webhook"} & set(view.rules.subscribe) else "",
        "suffix": query,
        "query": query,
    }


def history_before(started: datetime, view: PageView) -> str:
    """The address of the part of the history that started before an instant."""
    return f"{PREFIX}/history?before={started.timestamp():.6f}{view.query.replace('?', '&')}"


def calendar(view: PageView) -> Rendered:
    """The calendar of maintenance. It is rendered when somebody asks for it, because its library is large."""
    return render(feeds.calendar(view), "text/calendar; charset=utf-8", ANY_ORIGIN, private=is_private(view))


def is_private(view: PageView) -> bool:
    """Whether only some may see the page."""
    return view.rules.visibility != "public"


def all_documents(view: PageView) -> dict[str, Rendered]:
    """Every document that is rendered with each change, by path."""
    to = links(view)
    documents = {
        PREFIX: html(pages.status_page(view, to), view),
        f"{PREFIX}/history": html(pages.history_page(newest(view), view, to, _older(view)), view),
    }
    for name, document in api_v2.documents(view).items():
        answer = render(json_bytes(document), JSON, ANY_ORIGIN, private=is_private(view))
        documents[f"{PREFIX}/api/v2/{name}.json"] = documents[f"/api/v2/{name}.json"] = answer
    for name, (content_type, body) in data_documents(view).items():
        documents[f"{PREFIX}/{name}"] = render(body, content_type, ANY_ORIGIN, private=is_private(view))
    return documents


def data_documents(view: PageView) -> dict[str, tuple[str, bytes]]:
    """The feeds and the pictures by name, each with its content type."""
    return {
        "feed.atom": ("application/atom+xml; charset=utf-8", feeds.atom(view)),
        "feed.rss": ("application/rss+xml; charset=utf-8", feeds.rss(view)),
        "feed.json": ("application/feed+json; charset=utf-8", feeds.json_feed(view)),
        "badge.svg": ("image/svg+xml", feeds.badge(view)),
        "icon.svg": ("image/svg+xml", feeds.icon(view)),
    }


def html(text: str, view: PageView, form_action: str = "'none'") -> Rendered:
    """A page with its Content-Security-Policy."""
    policy = style_policy(pages.style(), form_action)
    return render(text.encode(), HTML, {"Content-Security-Policy": policy}, private=is_private(view))


MOST_IN_HISTORY = 50


def json_bytes(document: dict[str, Any]) -> bytes:
    """The document as UTF-8."""
    return json.dumps(document, ensure_ascii=False).encode()


def newest(view: PageView) -> list[Publication]:
    """The first part of the history."""
    all_publications = sorted(
        (*view.incidents, *view.maintenance, *view.past), key=lambda publication: publication.started_at, reverse=True
    )
    return all_publications[:MOST_IN_HISTORY]


def _older(view: PageView) -> str | None:
    """The address of the next part of the history: what started before the last one shown, if anything did."""
    sections = newest(view)
    more = sections and view.first is not None and view.first < sections[-1].started_at
    return history_before(sections[-1].started_at, view) if more else None

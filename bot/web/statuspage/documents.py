"""Renders every document of the status page at once, by its path: pages, feeds, API."""

from __future__ import annotations

import json

from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.view import PageView
from bot.web.statuspage import api_v2, pages
from bot.web.statuspage.rendered import Rendered, render, style_policy

PREFIX = "/status"
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


def links(view: PageView, suffix: str = "") -> dict[str, str]:
    """The addresses that pages link to. `suffix` ends the names of pages in a static copy."""
    subscribable = any(each in view.rules.subscribe for each in ("email", "webhook"))
    return {
        "base": PREFIX,
        "home": PREFIX,
        "history": f"{PREFIX}/history{suffix}",
        "subscribe": f"{PREFIX}/subscribe" if subscribable and not suffix else "",
        "suffix": suffix,
    }


def all_documents(view: PageView) -> dict[str, Rendered]:
    """Every document that is rendered with each change, by path."""
    to = links(view)
    made = {
        PREFIX: html(pages.status_page(view, to), view),
        f"{PREFIX}/history": html(pages.history_page(_newest(view), view, to, _older(view)), view),
    }
    for name, document in api_v2.documents(view).items():
        answer = render(json.dumps(document, ensure_ascii=False).encode(), JSON, ANY_ORIGIN)
        made[f"{PREFIX}/api/v2/{name}.json"] = made[f"/api/v2/{name}.json"] = answer
    return made


def html(text: str, view: PageView, form_action: str = "'none'") -> Rendered:
    """A page with its Content-Security-Policy."""
    policy = style_policy(pages.style(), form_action)
    return render(text.encode(), HTML, {"Content-Security-Policy": policy}, private=view.rules.visibility != "public")


MOST_IN_HISTORY = 50


def _newest(view: PageView) -> list[Publication]:
    both = sorted((*view.incidents, *view.maintenance, *view.past), key=lambda each: each.started_at, reverse=True)
    return both[:MOST_IN_HISTORY]


def _older(view: PageView) -> str | None:
    """The address of the next part of the history: what started before the last one shown."""
    shown = _newest(view)
    if not shown:
        return None
    return f"{PREFIX}/history?before={int(shown[-1].started_at.timestamp())}"

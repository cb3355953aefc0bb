"""The feeds are well-formed and complete for any text, and the page does not contradict itself."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.policy.status_page_rules import Component, StatusPageRules
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import NewPublication, publish
from bot.domain.statuspage.view import PagePublications, PageView, build_view
from bot.web.statuspage import feeds
from bot.web.statuspage.api_v2 import documents
from bot.web.statuspage.feeds import ATOM
from bot.web.statuspage.pages import status_page

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LINKS = {"base": ".", "home": ".", "history": "./history", "subscribe": "", "suffix": "", "query": ""}
RULES = StatusPageRules("Äpfel & <Söhne> ]]>", components=(Component("api", "API"),))
# What is typed, and what a reader sees of it.
TYPED = [
    ("Chat \U0001f525 fails \U0001f468\u200d\U0001f692", "Chat \U0001f525 fails \U0001f468\u200d\U0001f692"),
    ("It ends ]]> here", "It ends ]]> here"),
    ("<![CDATA[ x ]]> &amp; <b>", "<![CDATA[ x ]]> &amp; <b>"),
    ("null\x00 bell\x07 escape\x1b[31m", "null bell escape[31m"),
    ("not a character \ufffe\uffff", "not a character "),
    ("half a pair \ud83d", "half a pair "),
    ("\u202eright to left", "right to left"),
]


def view_of(text: str) -> PageView:
    made = publish(NewPublication(text, f"{text}\n\n{text}", started_at=NOW - timedelta(hours=1)), None, "cli", NOW)
    return build_view(RULES, "https://status.example.com", PagePublications((made,), (), NOW - timedelta(90)), NOW)


@pytest.mark.parametrize(("typed", "seen"), TYPED)
def test_feeds_hold_every_character_that_xml_can_hold(typed: str, seen: str) -> None:
    view = view_of(typed)
    title = ET.fromstring(feeds.atom(view)).findtext(f"{{{ATOM}}}entry/{{{ATOM}}}title")
    assert plain(title) == plain(f"Investigating: {seen}")
    title = ET.fromstring(feeds.rss(view)).findtext("channel/item/title")
    assert plain(title) == plain(f"Investigating: {seen}")
    (item,) = json.loads(feeds.json_feed(view))["items"]
    assert item["title"].startswith("Investigating: ")
    assert feeds.badge(view).decode()
    assert feeds.calendar(view).decode()


def test_a_page_that_tells_of_an_incident_does_not_say_that_all_is_well() -> None:
    view = view_of("Some orders fail")
    assert view.overall is ComponentState.OPERATIONAL, "no component is affected"
    words = "We are working on a problem"
    assert f"<h1>{words}</h1>" in status_page(view, LINKS)
    assert words in feeds.badge(view).decode()
    assert documents(view)["status"]["status"] == {"indicator": "none", "description": words}
    resolved = replace(view, incidents=())
    assert "<h1>All systems operational</h1>" in status_page(resolved, LINKS)


def plain(text: str | None) -> str:
    """Without what stands for a character that cannot be shown."""
    assert text is not None
    return " ".join(text.replace("\ufffd", "").replace("?", "").split())

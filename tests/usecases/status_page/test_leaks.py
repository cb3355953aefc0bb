"""No part of an incident becomes public: title, channel, people, notes or number, with any content."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.policy.status_page_rules import Component, StatusPageRules
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import (
    NewPublication,
    Publication,
    PublicChange,
    PublicStatus,
    change,
    publish,
)
from bot.domain.statuspage.view import PagePublications, build_view
from bot.web.statuspage import documents, mirror
from tests.web.statuspage.statuspage_api import STATES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
INCIDENTS = 10_000
PORTION = 500  # of what the page shows at once
MARKS = re.compile(r"[0-9a-f]{16}|[0-9A-F]{16}|\b7\d{8}\b|10\.\d+\.\d+\.77|xoxb-")
RULES = StatusPageRules("Example AI", components=(Component("api", "API"), Component("web", "Dashboard")))
TITLES = ("Requests fail", "Logins are slow", "Some messages arrive late")


def canaries(draw: random.Random) -> dict[str, str]:
    """Words of an incident that must stay inside, each unique."""
    mark = f"{draw.getrandbits(64):016x}"
    return {
        "title": f"db-{mark}.internal is down because of Ada{mark}",
        "channel": f"C{mark.upper()}",
        "person": f"U{mark.upper()}",
        "secret": f"xoxb-{mark}",
        "address": f"10.{draw.randrange(256)}.{draw.randrange(256)}.77",
        "note": f"we think {mark} at Globex",
    }


def publications(draw: random.Random, number: int, inside: dict[str, str]) -> Publication:
    """A publication of an incident with these words, in one of many states."""
    state = ComponentState(draw.choice(STATES))
    began = NOW - timedelta(minutes=draw.randrange(1, 60 * 24 * 80))
    new = NewPublication(
        draw.choice(TITLES), "We look into it.", {draw.choice(["api", "web"]): state}, started_at=began
    )
    made = publish(new, number, inside["person"], NOW)
    if draw.random() < 0.8:
        status = draw.choice([PublicStatus.IDENTIFIED, PublicStatus.MONITORING, PublicStatus.RESOLVED])
        made = change(made, PublicChange("We know more.", status), NOW)
    return replace(made, silences=(number,))


def test_nothing_of_ten_thousand_incidents_is_in_any_public_output() -> None:
    draw = random.Random(14)
    words: list[str] = []
    for first in range(0, INCIDENTS, PORTION):
        shown: list[Publication] = []
        for number in range(700_000_000 + first, 700_000_000 + first + PORTION):
            inside = canaries(draw)
            words += [*inside.values(), f"INC-{number}", str(number)]
            shown.append(publications(draw, number, inside))
        open_ones = tuple(each for each in shown if not each.ended)
        past = tuple(each for each in shown if each.ended)
        view = build_view(
            RULES, "https://status.example.com", PagePublications(open_ones, past, NOW - timedelta(90)), NOW
        )
        public = b"\n".join([each.body for each in documents.all_documents(view).values()])
        if first == 0:  # every page of an incident, too: they take most of the time
            public += b"\n".join(mirror.static_files(view).values())
        found = public.decode()
        assert "We look into it." in found
        assert leaked(found, words) == set()
        words.clear()


def leaked(text: str, words: list[str]) -> set[str]:
    """The marks of these words that stand in the text."""
    return set(MARKS.findall(text)) & {mark for word in words for mark in MARKS.findall(word)}


def test_a_leak_would_be_found() -> None:
    inside = canaries(random.Random(1))
    assert all(leaked(f"<p>{word}</p>", [word]) for word in inside.values())

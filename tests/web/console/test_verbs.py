"""Everything that `/incident` can do can be done in the console: each verb of the table has its page or form."""

from __future__ import annotations

import re
from pathlib import Path

from bot.slack.commands.verbs import VERBS
from bot.web.console.verb_places import EXCEPTIONS, PLACES, Place
from tests.scenarios.running import policy_file, running_world
from tests.web.console.browser import Browser, browser

OPEN, ENDED = "INC-1", "INC-2"
REVIEW = f"/incidents/{ENDED}/review"
AFTERWARDS = {"close", "reopen", "review", "actions"}  # of an incident that has ended; `actions checklists`
POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000], start: 2026-01-05}}
fields: {ticket: {label: Ticket, kind: text}}
triggers: {leak: {name: A leak, when: security, severities: [sev1, sev2], notify: ["schedule:primary"], by: [slack]}}
status_page: {name: Example AI, preset: llm-platform, support: help@example.com}
"""


def test_every_usage_of_every_verb_has_a_place_or_a_reason_to_have_none() -> None:
    assert {usage for verb in VERBS for usage in verb.usages} == PLACES.keys() | EXCEPTIONS.keys()
    assert not PLACES.keys() & EXCEPTIONS.keys()


async def furnished(maya: Browser) -> None:
    """An open incident, one that has ended with an open review, and a cover."""
    for title in ("Checkout is down", "Search is slow"):
        await maya.act("/declare", {"title": title, "severity": "sev2"})
    await maya.act("/incidents/INC-2/resolve", {"summary": "Rolled back"})
    await maya.act(f"{REVIEW}/open", {})
    await maya.act("/oncall/primary/cover", {"duration": "1h"})


def at(path: str, usage: str) -> str:
    """The path of a place, about the incident of the test that the usage fits."""
    incident = ENDED if usage.split(" ", maxsplit=1)[0] in AFTERWARDS else OPEN
    return path.replace("{id}", incident).replace("{schedule}", "primary")


def lacks(page: str, usage: str, place: Place) -> str:
    """What the page lacks of the place; empty if nothing."""
    if not place.form:
        return "" if place.shows in page else f"{usage}: the words “{place.shows}”"
    form = re.search(rf'<form[^>]* action="{re.escape(at(place.form, usage))}(?:\?[^"]*)?".*?</form>', page, re.DOTALL)
    if form is None:
        return f"{usage}: the form {at(place.form, usage)}"
    names = set(re.findall(r'name="([^"]+)"', form[0]))
    return f"{usage}: the fields {set(place.fields) - names}" if set(place.fields) - names else ""


async def test_every_usage_of_every_verb_is_found_at_its_place(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world,
        browser(world, scopes="admin") as maya,
    ):
        await furnished(maya)
        paths = {at(place.page, usage) for usage, place in PLACES.items()}
        pages = {path: (await maya.get(path)).text for path in paths}
        found = (lacks(pages[at(place.page, usage)], usage, place) for usage, place in PLACES.items())
        assert [words for words in found if words] == []
        caught_up = await maya.act("/incidents/INC-1/catchup", {})
        assert caught_up.status == 200
        assert "Checkout is down" in caught_up.text
        policy = await maya.get("/setup/policy")
        wrong = await maya.send(policy, "/setup/policy", text="preset: sev1-5\nseverites: {}\n")
        assert wrong.status == 422
        assert "Line 2: " in wrong.text
        right = await maya.send(policy, "/setup/policy", text=f"{POLICY}severities: {{sev1: {{respond_within: 7m}}}}\n")
        assert "It can be used; this would change" in right.text
        assert "played again with it" in right.text
        assert "says the same" in (await maya.get("/setup/policy")).text, "nothing has changed"

"""Writing a review in the console: drafts are kept, a second writer is warned, and questions are answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.calls import MAYA, TOM
from tests.scenarios.running import World, running_world
from tests.web.console.browser import Browser, browser

REVIEW = "/incidents/INC-1/review"
LESSONS = f"{REVIEW}/lessons"


@pytest.fixture
async def world(sqlite_url: str) -> Any:
    async with running_world(sqlite_url) as running:
        yield running


async def reviewed(maya: Browser) -> None:
    """An incident with an open review."""
    await maya.act("/declare", {"title": "Checkout is down", "severity": "sev2"})
    await maya.act("/incidents/INC-1/acknowledge", {})
    await maya.act("/incidents/INC-1/resolve", {"summary": "Rolled back"})
    await maya.act(f"{REVIEW}/open", {})


async def test_a_draft_is_kept_for_its_author_and_the_second_person_is_told(world: World) -> None:
    async with browser(world) as maya, browser(world, TOM) as tom:
        await reviewed(maya)
        form = (await maya.get(LESSONS)).form(LESSONS)
        kept = await maya.post(f"{LESSONS}/draft", {**form, "text": "Roll out **slowly**"})
        assert kept.status == 303
        mine, theirs = await maya.get(LESSONS), await tom.get(LESSONS)
        assert "Roll out **slowly**</textarea>" in mine.text
        assert "your draft" in mine.text
        assert "Roll out" not in theirs.text
        assert "is writing too." in theirs.text
        assert "Roll out" not in (await tom.get(REVIEW)).text
        assert (await tom.send(theirs, LESSONS, text="Roll *back* first")).status == 303
        told = await maya.post(
            f"{LESSONS}/draft", {**mine.form(LESSONS), "text": "Roll out **very** slowly"}, Accept="application/json"
        )
        assert "has saved version 1 since you began." in told.text
        stale = await maya.send(mine, LESSONS, text="Roll out **very** slowly")
        assert stale.status == 409
        assert "Roll *back* first" in stale.text
        both = await maya.send(stale, LESSONS, text="Roll *back* first\nRoll out **very** slowly")
        assert both.status == 303
        review = await maya.get(REVIEW)
        assert "Roll <em>back</em> first" in review.text
        assert "<strong>very</strong>" in review.text
        assert "Before it is completed" in review.text
        assert "Lessons: Which entry says so?" in review.text
        page = await maya.get(LESSONS)
        assert "your draft" not in page.text, "what is saved is no draft any more"
        assert page.text.count('<details class="verb"><summary>') == 2, "two versions"
    assert "Roll" not in str([e["text"] for e in (await world.show())["timeline"] if e["kind"] == "review"])


async def test_questions_of_the_review_are_answered_in_the_console(world: World) -> None:
    async with browser(world) as maya, browser(world, TOM, "read") as reader:
        await reviewed(maya)
        review = await maya.get(REVIEW)
        assert "Questions for you" in review.text
        path = f"{REVIEW}/causes"
        page = await maya.get(path)
        name = page.text.split('name="q-')[1].split('"')[0]
        assert (await maya.send(page, f"{path}/answer")).status == 422
        assert (await reader.act(f"{path}/answer", {f"q-{name}": "x"})).status == 403
        assert (await maya.send(page, f"{path}/answer", **{f"q-{name}": "A full disk"})).status == 303
        assert "A full disk" in (await maya.get(REVIEW)).text
        assert f'name="q-{name}"' not in (await maya.get(path)).text
    (entry,) = [each for each in (await world.show())["timeline"] if each["kind"] == "answer"]
    assert (entry["actor"], entry["source"]) == (MAYA, "console")

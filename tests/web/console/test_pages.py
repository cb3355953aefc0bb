"""The console's pages and the effects of their forms."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from bot.usecases.incidents.note import note
from bot.web.console.alerts import GROUPS_PER_PAGE
from storage import directory
from tests.api.calls import MAYA, TOM
from tests.scenarios.running import World, policy_file, running_world
from tests.usecases.alerts.telling import alert, report
from tests.web.console.browser import Browser, Page, browser


@pytest.fixture
async def world(sqlite_url: str) -> Any:
    async with running_world(sqlite_url) as running:
        yield running


async def test_an_incident_is_declared_and_a_note_is_written_in_the_browser(world: World) -> None:
    async with browser(world) as maya:
        declared = await maya.send(await maya.get("/"), "/declare", title="Checkout is <b>down</b>", severity="sev2")
        assert (declared.status, declared.headers["Location"]) == (303, "/incidents/INC-1?done=Declare")
        page = await maya.get("/incidents/INC-1")
        assert "Checkout is &lt;b&gt;down&lt;/b&gt;" in page.text
        refused = await maya.send(page, "/incidents/INC-1/note", text="  ")
        assert refused.status == 422
        assert "Fill in “Note”." in refused.text
        assert (await maya.send(page, "/incidents/INC-1/note", text="Deploy 4512")).status == 303
        again = await maya.send(page, "/incidents/INC-1/note", text="Deploy 4512")
        assert again.status == 303, "the same form, pressed twice"
        assert "Deploy 4512" in (await maya.get("/incidents/INC-1?show=key")).text
    entries = [each for each in (await world.show())["timeline"] if each["kind"] == "note"]
    assert [(each["text"], each["actor"], each["source"]) for each in entries] == [("Deploy 4512", MAYA, "console")]


async def test_a_past_incident_is_played_as_a_drill_from_the_form(world: World) -> None:
    async with browser(world) as maya:
        await maya.send(await maya.get("/"), "/declare", title="Checkout is down", severity="sev2")
        await maya.act("/incidents/INC-1/resolve", {"summary": "Rolled back"})
        page = await maya.get("/drill")
        assert "Plays a past incident" in page.text
        refused = await maya.send(page, "/drill", plays="INC-7", at="20x")
        assert (refused.status, "There is no incident INC-7" in refused.text) == (422, True)
        assert (await maya.send(page, "/drill", plays="INC-1", at="20x")).status == 303
    drill = await world.show(2)
    assert (drill["drill"], drill["title"]) == (True, "Checkout is down"), "the title of what it plays"
    assert [r["state"] for r in (await world.show(2))["reminders"] if "plays" in r["reason"]]


async def test_a_private_incident_is_the_same_as_none(world: World) -> None:
    async with browser(world) as maya, browser(world, TOM) as tom:
        await maya.send(await maya.get("/"), "/declare", title="Breach", severity="sev1", private="yes")
        page = await maya.get("/incidents/INC-1")
        assert page.status == 200
        hidden, none = await tom.get("/incidents/INC-1"), await tom.get("/incidents/INC-2")
        assert (hidden.status, none.status) == (404, 404)
        assert "Breach" not in hidden.text + (await tom.get("/")).text
        token = (await tom.get("/")).form("/logout")
        assert (await tom.post("/incidents/INC-1/note", {**token, "text": "x"})).status == 404


POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {maya: {name: Maya Chen, slack: U0MAYA0000}}
schedules:
  primary: {members: [maya, U0TOM00000], start: 2026-01-05}
  office: {members: [maya], start: 2026-01-05, hours: "09:00-17:00 mon-fri"}
fields: {ticket: {label: Ticket, kind: text}}
rules: {preset: llm-platform}
"""


async def test_every_page_opens_empty_and_with_something_on_it(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world,
        browser(world, scopes="admin") as maya,
    ):
        assert await broken_pages(maya) == []
        await maya.send(await maya.get("/"), "/declare", title="Checkout is down", severity="sev2", services="api")
        page = await maya.get("/incidents/INC-1")
        assert (await maya.send(page, "/incidents/INC-1/acknowledge")).status == 303
        assert (await maya.send(page, "/incidents/INC-1/fields", ticket="OPS-7")).status == 303
        assert (await maya.send(page, "/incidents/INC-1/role", role="commander", user="maya chen")).status == 303
        opened = await maya.send(page, "/incidents/INC-1/playbooks", playbook="database-outage")
        assert opened.headers["Location"] == "/incidents/INC-1/playbooks/1"
        run = await maya.get("/incidents/INC-1/playbooks/1")
        step = "/incidents/INC-1/playbooks/1/steps/1.1"
        assert (await maya.send(run, f"{step}/skip", reason="")).status == 422
        assert (await maya.send(run, f"{step}/done")).status == 303
        on_call = await maya.get("/oncall")
        assert (await maya.send(on_call, "/oncall/primary/cover", duration="2 hours")).status == 422
        assert (await maya.send(on_call, "/oncall/primary/cover", duration="2h")).status == 303
        await report(world.tocsin.context, *(alert(f"Slow{number}") for number in range(GROUPS_PER_PAGE + 1)))
        alerts = await maya.get("/alerts?scope=all")
        assert alerts.text.count("/alerts/AG-") == GROUPS_PER_PAGE
        (older,) = re.findall(r'href="([^"]*)">Older groups<', alerts.text)
        last = await maya.get(f"/alerts{html.unescape(older)}")
        shown = [name for part in (alerts, last) for name in re.findall(r"AG-\d+ · [^<]*?(Slow\d+)", part.text)]
        assert sorted(shown) == sorted(f"Slow{number}" for number in range(GROUPS_PER_PAGE + 1)), "each once"
        assert "Older groups" not in last.text
        assert (await maya.get("/alerts?cursor=nonsense")).status == 422
        assert (await maya.send(alerts, "/silences", labels="alertname=Slow", duration="1h")).status == 303
        assert (await maya.send(await maya.get("/alerts"), "/silences/SI-1/end")).status == 303
        added = await maya.send(
            page, "/incidents/INC-1/actions", title="Alert on pool usage", owner="me", priority="P1"
        )
        assert added.status == 303
        assert (await maya.send(page, "/incidents/INC-1/resolve", summary="Rolled back")).status == 303
        review = await maya.get("/incidents/INC-1/review")
        review = review if "/review/open" not in review.text else await opened_review(maya)
        path = "/incidents/INC-1/review/summary"
        section = await maya.get(path)
        assert (await maya.send(section, path, text="An hour.")).status == 303
        stale = await maya.send(section, path, text="Two hours.", once="another press")
        assert stale.status == 409
        assert "Two hours." in stale.text
        assert "An hour." in stale.text, "both texts"
        item = "/incidents/INC-1/actions/1"
        assert (await maya.send(await maya.get("/reviews?scope=mine"), f"{item}/defer", reason="")).status == 409
        assert (await maya.send(await maya.get("/reviews"), f"{item}/done")).status == 303
        async with browser(world, TOM, scopes="admin") as tom:  # whose requests are counted for themselves
            assert await broken_pages(tom) == []
        page = await maya.get("/incidents/INC-1")
        assert all(words in page.text for words in ("OPS-7", "Maya Chen", "1 of", "through console"))


async def opened_review(visitor: Browser) -> Page:
    """The review of the first incident, once it is open."""
    path = "/incidents/INC-1/review"
    await visitor.send(await visitor.get(path), f"{path}/open")
    return await visitor.get(path)


async def broken_pages(visitor: Browser) -> list[str]:
    """The pages that do not open, of those that lead from one to the next."""
    seen, waiting = {"/"}, ["/"]
    wrong = []
    while waiting:
        page = await visitor.get(waiting.pop())
        if page.status != 200:
            wrong.append(f"{page.path}: {page.status}")
        for path in re.findall(r'href="(/[^"#]*)', page.text):
            if path not in seen and not path.startswith("/playbooks/"):
                seen.add(path)
                waiting.append(path.replace("&amp;", "&"))
    return wrong


async def test_what_waits_for_a_person_is_on_their_first_page(world: World) -> None:
    async with browser(world) as maya, browser(world, TOM) as tom:
        await maya.send(await maya.get("/"), "/declare", title="Checkout is down", severity="sev2")
        assert "Waits for you" not in (await tom.get("/")).text
        page = await maya.get("/incidents/INC-1")
        assert (await maya.send(page, "/incidents/INC-1/page", users=TOM)).status == 303
        item = {"title": "Alert on pool usage", "owner": TOM, "due": "2020-01-01"}
        assert (await maya.send(page, "/incidents/INC-1/actions", **item)).status == 303
        text = (await tom.get("/")).text
        assert "you are paged" in text
        assert "overdue since 2020-01-01" in text
        assert "Waits for you" not in (await maya.get("/")).text
        assert (await tom.send(await tom.get("/incidents/INC-1"), "/incidents/INC-1/acknowledge")).status == 303
        assert "you are paged" not in (await tom.get("/")).text


TEAMS = (
    POLICY
    + """
services: {api: {name: The API}, shop: {}}
teams: {core: {name: Core team, members: [maya], services: [api]}}
"""
)


async def test_figures_are_filtered_by_team_and_by_days(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, TEAMS)) as world,
        browser(world, scopes="admin") as maya,
    ):
        for service in ("api", "shop"):
            form = await maya.get("/")
            await maya.send(form, "/declare", title=f"{service} is down", severity="sev2", services=service)
        whole, core = await maya.get("/figures"), await maya.get("/figures?team=core&from=2020-01-01")
        assert "<dd>2 " in whole.text
        assert "Core team" in whole.text
        assert "<dd>1 " in core.text
        assert '<option value="core" selected>Core team</option>' in core.text
        assert (await maya.get("/figures?team=nobody")).status == 422
        assert (await maya.get("/figures?from=2036-01-01")).status == 422


async def test_a_contact_is_named_by_their_address_while_slack_has_not_told_their_name(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = policy_file(tmp_path, "contacts: {ann: {name: Ann Kim, slack: ann@example.com}}\n")
    async with running_world(sqlite_url, policy=policy) as world, browser(world) as maya:
        await maya.send(await maya.get("/"), "/declare", title="Checkout is down", severity="sev2")
        await note(world.tocsin.context, 1, "Looking", "U0NOBODY77")
        assert "<strong>U0NOBODY77</strong>" in (await maya.get("/incidents/INC-1")).text
        async with world.tocsin.database.transaction() as conn:
            await directory.remember_user(conn, "ann@example.com", "U0NOBODY77")
        assert "<strong>Ann Kim</strong>" in (await maya.get("/incidents/INC-1")).text


async def test_the_facts_lead_to_the_call(sqlite_url: str, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, 'bookmarks: {bridge: "https://meet.example.com/{id}"}\n')
    async with running_world(sqlite_url, policy=policy) as world, browser(world) as maya:
        await maya.send(await maya.get("/"), "/declare", title="Checkout is down", severity="sev2")
        assert '<a href="https://meet.example.com/INC-1"' in (await maya.get("/incidents/INC-1")).text

"""The status page through the API and the command line: published, corrected, resolved; a private incident stays so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.calls import GAIL, MAYA, TOM, Program, program, token_for
from tests.api.commands import tocsin
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
severities: {sev2: {ladder: [], roles: []}}
services: {gateway: {components: [api]}}
status_page: {name: Example AI, preset: llm-platform, timezone: Europe/Berlin}
"""
PUBLICATIONS = "/status-page/publications"
NEW = {"title": "Requests fail", "message": "We look into it.", "components": {"API": "partial_outage"}}


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.chdir(tmp_path)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


@pytest.fixture
async def maya(world: World) -> AsyncIterator[Program]:
    async with program(world) as client:
        yield client


async def test_a_publication_is_made_updated_corrected_and_resolved(maya: Program) -> None:
    await maya.post("/incidents", {"title": "db-7 is down", "severity": "sev2", "services": ["gateway"]})
    made = await maya.post(PUBLICATIONS, {"title": "Requests fail", "message": "We look into it.", "incident": "INC-1"})
    assert (made.status, made.body["components"]) == (201, {"api": "partial_outage"})
    at = f"{PUBLICATIONS}/{made.body['id']}"
    assert made.headers["Location"] == f"/api/v1{at}"
    told = await maya.post(f"{PUBLICATIONS}/INC-1/update", {"message": "We know why.", "status": "identified"})
    assert told.body["id"] == made.body["id"]
    corrected = (await maya.post(f"{at}/correct", {"message": "We are looking into it.", "update": 1})).body
    assert corrected["updates"][0]["message"] == "We are looking into it."
    assert corrected["updates"][0]["edited_at"] is not None
    assert (await maya.post(f"{at}/correct", {"title": "Requests fail"})).status == 409
    page = (await maya.get("/status-page")).body
    assert (page["status"]["indicator"], page["publications"][0]["incident"]) == ("major", "INC-1")
    assert (await maya.post(f"{at}/resolve", {"message": "All is well."})).body["status"] == "resolved"
    states = {each["key"]: each["state"] for each in (await maya.get("/status-page/components")).body["components"]}
    assert states["api"] == "operational"
    assert (await maya.get(PUBLICATIONS)).body["publications"][0]["id"] == made.body["id"]
    unknown = await maya.post(PUBLICATIONS, {**NEW, "components": {"nosuch": "operational"}})
    assert (unknown.status, "There are: api" in unknown.body["detail"]) == (409, True)


async def test_a_list_goes_on_where_it_ended_also_after_publications_of_the_same_instant(maya: Program) -> None:
    past = {"started_at": "2026-01-01T10:00:00Z", "resolved_at": "2026-01-01T11:00:00Z"}
    made = [(await maya.post(PUBLICATIONS, {**NEW, **past})).body["id"] for _ in range(3)]
    made.append((await maya.post(PUBLICATIONS, NEW)).body["id"])
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await maya.get(f"{PUBLICATIONS}?limit=2{cursor}")).body
        ids += [each["id"] for each in page["publications"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert sorted(ids) == sorted(made)


async def test_who_does_not_see_the_incident_neither_learns_of_it_nor_changes_what_was_published(world: World) -> None:
    async with program(world) as maya, program(world, person=TOM) as tom, program(world, person=GAIL) as guest:
        await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
        hidden = await tom.post(PUBLICATIONS, {**NEW, "incident": "INC-1"})
        missing = await tom.post(PUBLICATIONS, {**NEW, "incident": "INC-9"})
        assert (hidden.status, missing.status) == (404, 404)
        refused = await maya.post(PUBLICATIONS, {**NEW, "incident": "INC-1", "title": "Breach"})
        assert (refused.status, "title of its own" in refused.body["detail"]) == (409, True)
        made = (await maya.post(PUBLICATIONS, {**NEW, "incident": "INC-1"})).body
        at = f"{PUBLICATIONS}/{made['id']}"
        assert (made["incident"], (await tom.get(at)).body["incident"]) == ("INC-1", None)
        for word, body in (("update", {"message": "x"}), ("resolve", {"message": "x"}), ("correct", {"title": "x"})):
            assert (await tom.post(f"{at}/{word}", body)).status == 404
            assert (await tom.post(f"{PUBLICATIONS}/INC-1/{word}", body)).status == 404
        assert (await tom.get(f"{PUBLICATIONS}/INC-1")).status == 404
        assert (await guest.post(PUBLICATIONS, NEW)).status == 403
        planned = {"title": "Move", "message": "Soon", "components": ["api"]}
        begins = world.tocsin.context.clock.now() + timedelta(days=1)
        times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=1)).isoformat()}
        assert (await guest.post("/status-page/maintenance", {**planned, **times})).status == 403
        assert (await tom.post("/status-page/maintenance", {**planned, **times})).status == 201
        assert (await guest.get("/status-page/maintenance")).body["publications"][0]["title"] == "Move"


async def test_the_command_line_publishes_on_the_database_and_against_the_api(world: World) -> None:
    database = {"DATABASE_URL": world.settings.url, "TOCSIN_POLICY": str(world.settings.policy_path)}
    _, secret = await token_for(world, MAYA)
    server = {**database, "TOCSIN_TOKEN": secret}
    url = ("--server", f"http://127.0.0.1:{world.tocsin.port}")
    page = ("statuspage", "publish", "--title", "Requests fail", "--message", "We look into it.")
    made = await tocsin(database, *page, "--component", "api=partial", "--as", MAYA, "--json")
    assert made["findings"] == ["Does not say when the next update comes"]
    updated = await tocsin(
        server, "statuspage", "update", made["id"], "--message", "Known.", "--status", "identified", *url
    )
    assert "Identified · Known." in updated
    corrected = await tocsin(database, "statuspage", "correct", made["id"], "--update", "1", "--message", "On db-01.")
    assert "Look at this: Names a host: “db-01" in corrected
    assert made["id"] in corrected
    resolved = await tocsin(server, "statuspage", "resolve", made["id"], "--message", "Well.", "--json", *url)
    assert resolved["components"] == {"api": "operational"}
    assert resolved["updates"][0]["edited_at"] is not None
    past = ("--started-at", "2026-01-29T14:00", "--resolved-at", "2026-01-29T15:00", "--json")
    assert (await tocsin(database, *page, *past))["started_at"].startswith("2026-01-29T13:00")  # Berlin
    day = (world.tocsin.context.clock.now() + timedelta(days=2)).date()
    planned = ("--component", "api", "--from", f"{day}T22:00", "--until", f"{day}T23:00")
    await tocsin(database, "statuspage", "maintenance", "--title", "Move", "--message", "Soon", *planned)
    assert f"Move · {day} 22:00 to {day} 23:00 CE" in await tocsin(server, "statuspage", "maintenance", *url)
    assert "Say --title and" in await tocsin(database, "statuspage", "maintenance", "--message", "Soon", code=1)
    shown = await tocsin(database, "statuspage", "--json")
    assert [each["title"] for each in shown["publications"]] == ["Move", "Requests fail", "Requests fail"]
    assert "All systems operational" in await tocsin(server, "statuspage", *url)

"""Action items and reviews through the API."""

from __future__ import annotations

from pathlib import Path

from tests.api.calls import MAYA, TOM, program
from tests.scenarios.running import policy_file, running_world

POLICY = "preset: sev1-5\nannounce: '#incidents'\n"


async def test_action_items_are_added_changed_settled_and_listed(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world,
        program(world) as maya,
        program(world, person=TOM) as tom,
    ):
        await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        await maya.post("/incidents", {"title": "Leak", "severity": "sev2", "private": True})
        given = {"title": "Alert on pool usage", "owner": TOM, "due": "2026-01-05", "kind": "detect"}
        made = await maya.post("/incidents/1/actions", given)
        assert (made.status, made.headers["Location"]) == (201, "/api/v1/incidents/INC-1/actions/1")
        assert made.body["id"] == "AI-1-1"
        assert (made.body["owner"], made.body["due"], made.body["overdue"], made.body["ticket"]) == (
            TOM, "2026-01-05", True, None,
        )  # fmt: skip
        assert (await maya.post("/incidents/2/actions", {"title": "Rotate the keys"})).status == 201
        assert (await tom.get("/incidents/2/actions")).status == 404
        assert (await tom.post("/incidents/2/actions", {"title": "x"})).status == 404
        assert [each["id"] for each in (await tom.get("/actions")).body["actions"]] == ["AI-1-1"]
        assert [each["id"] for each in (await maya.get("/actions")).body["actions"]] == ["AI-1-1", "AI-2-1"]
        assert (await maya.get("/actions?overdue=true")).body["total"] == 1
        changed = await tom.send("PATCH", "/incidents/1/actions/AI-1-1", {"due": None, "status": "in_progress"})
        assert (changed.body["due"], changed.body["status"], changed.body["kind"]) == (None, "in_progress", "detect")
        refused = await tom.send("PATCH", "/incidents/1/actions/1", {"status": "deferred"})
        assert refused.status == 409
        deferred = await tom.send("PATCH", "/incidents/1/actions/1", {"status": "deferred", "reason": "Moved to Q3"})
        assert (deferred.body["status"], deferred.body["reason"]) == ("deferred", "Moved to Q3")
        assert (await tom.send("PATCH", "/incidents/1/actions/1", {})).status == 409
        assert (await tom.get("/incidents/1/actions/7")).status == 404
        assert (await maya.post("/incidents/1/actions", {"title": "x", "due": "2026-02-30"})).status == 409
        assert (await maya.get("/incidents/1/actions")).body["total"] == 1


async def test_a_review_is_started_written_scheduled_completed_and_published(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world,
        program(world) as maya,
        program(world, person=TOM) as tom,
    ):
        await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev4"})
        assert (await maya.post("/incidents/1/review")).status == 409  # it is open
        await maya.post("/incidents/1/resolve", {"summary": "Rolled back"})
        started = await maya.post("/incidents/1/review")
        assert (started.status, started.body["state"], started.body["facilitator"]) == (200, "draft", MAYA)
        outdated = await maya.post("/incidents/1/review/complete", None, If_Match='"old"')
        assert outdated.status == 412
        section = "/incidents/1/review/sections/lessons"
        first = await maya.send("PUT", section, {"text": "- Roll out slowly [#1]", "version": 0})
        lessons = next(each for each in first.body["sections"] if each["key"] == "lessons")
        assert (lessons["version"], lessons["sentences"][0]["cites"][0]["seq"]) == (1, 1)
        second = await tom.send("PUT", section, {"text": "- Test first", "version": 0})
        assert second.status == 409
        assert "version 1" in second.body["detail"]
        assert (await tom.send("PUT", section, {"text": "- Test first", "version": 1})).status == 200
        versions = (await maya.get(f"{section}/versions")).body["versions"]
        assert [(each["version"], each["author"]) for each in versions] == [(2, TOM), (1, MAYA)]
        assert (await maya.send("PUT", "/incidents/1/review/sections/none", {"text": "", "version": 0})).status == 404
        at = (world.tocsin.context.clock.now()).replace(microsecond=0)
        held = await maya.post("/incidents/1/review/schedule", {"at": at.replace(year=at.year - 1).isoformat()})
        assert held.status == 409
        assert (await maya.post("/incidents/1/review/publish")).status == 409
        assert (await maya.post("/incidents/1/review/complete")).body["state"] == "completed"
        assert (await maya.post("/incidents/1/review/publish")).body["state"] == "published"


async def test_checklists_come_once_after_the_end_and_the_load_is_about_a_person(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world, program(world) as maya:
        await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        assert (await maya.post("/incidents/1/actions/checklists")).status == 409, "it is not resolved"
        await maya.post("/incidents/1/resolve", {"summary": "Rolled back"})
        added = await maya.post("/incidents/1/actions/checklists")
        assert (added.status, added.body["total"] > 0) == (200, True)
        assert (await maya.post("/incidents/1/actions/checklists")).body["total"] == 0, "twice is as once"
        load = (await maya.get("/metrics/load?days=7")).body
        assert [(each["person"], each["pages"]) for each in load["loads"]] == [(MAYA, 0)]

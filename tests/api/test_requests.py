"""Rules for every request: tokens, scopes, keys, versions, limits, problems."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from bot.usecases import tokens
from bot.web.api.problems import Problem
from bot.web.api.rate_limit import BURST, RateLimit
from tests.api.calls import ALEX, BOOTSTRAP, GAIL, MAYA, TOM, Program, program, token_for
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def test_a_token_is_shown_once_and_opens_nothing_when_revoked_or_expired(world: World) -> None:
    now = world.tocsin.context.clock.now()
    token, secret = await token_for(world, MAYA, "read")
    before, day = now - timedelta(days=2), timedelta(days=1)
    _, expired = await tokens.create(world.tocsin.database, "old", MAYA, token.scopes, before, day)
    async with program(world, secret) as ci, program(world, expired) as old:
        assert (await ci.get("/me")).body == {"user": MAYA, "source": "api"}
        assert (await old.get("/me")).status == 401
        await tokens.revoke(world.tocsin.database, token.name, now)
        refused = await ci.get("/me")
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


async def test_a_scope_that_a_token_lacks_is_refused(world: World) -> None:
    async with program(world, scopes="read") as reader, program(world, person=TOM, scopes="write") as writer:
        refused = await reader.post("/incidents", {"title": "Down", "severity": "sev2"})
        assert (refused.status, refused.body["title"]) == (403, "Not allowed")
        assert (await writer.get("/tokens")).status == 403
    async with program(world, person=ALEX, scopes="admin") as admin:
        for name, given in (("by as", {"as": TOM}), ("by user", {"user": TOM})):
            made = await admin.post("/tokens", {"name": name, "scopes": ["read"], **given})
            assert (made.status, made.body["as"]) == (201, TOM)
        used = await admin.post("/tokens", {"name": "by as", "as": TOM, "scopes": ["read"]})
        assert used.body["detail"].endswith("tocsin token revoke 'by as'")
        listed = (await admin.get("/tokens")).body["tokens"]
    assert {"id", "name", "as", "scopes", "created_at", "expires_at", "last_used_at", "revoked"} == set(listed[0])
    assert not any("tcs_" in str(token) for token in listed)


async def test_a_write_with_a_key_happens_once(world: World, maya: Program) -> None:
    body = {"title": "Disk full", "severity": "sev3"}
    first = await maya.post("/incidents", body, Idempotency_Key="a-1")
    again = await maya.post("/incidents", body, Idempotency_Key="a-1")
    other = await maya.post("/incidents", {**body, "title": "Another"}, Idempotency_Key="a-1")
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]
    together = [maya.post("/incidents/INC-1/note", {"text": "Once"}, Idempotency_Key="n-1") for _ in range(8)]
    assert {reply.status for reply in await asyncio.gather(*together)} == {200}
    assert (await world.kinds()).count("note") == 1
    assert len((await maya.get("/incidents")).body["incidents"]) == 1


async def test_a_write_whose_answer_was_lost_is_answered_and_not_carried_out_again(
    world: World, maya: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise ConnectionError

    body = {"title": "Disk full", "severity": "sev3"}
    with monkeypatch.context() as patched:  # as if the process ended between the commit and the answer
        patched.setattr("bot.web.api.idempotency.Idempotency._store_answer", lost)
        assert (await maya.post("/incidents", body, Idempotency_Key="a-1")).status == 500
    monkeypatch.setattr("bot.web.api.idempotency.LOOKS", 1)
    again = await maya.post("/incidents", body, Idempotency_Key="a-1")
    assert (again.status, again.body["id"]) == (201, "INC-1")
    assert len((await maya.get("/incidents")).body["incidents"]) == 1


async def test_a_verb_is_refused_where_somebody_changed_the_incident_in_between(world: World, maya: Program) -> None:
    await maya.post("/incidents", {"title": "Disk full", "severity": "sev3"})
    await world.incident_channel()
    await world.delivered()
    read = await maya.get("/incidents/INC-1")
    assert (await maya.get("/incidents/INC-1", If_None_Match=read.headers["ETag"])).status == 304
    moved = await maya.post("/incidents/INC-1/status", {"status": "identified"}, If_Match=read.headers["ETag"])
    late = await maya.post("/incidents/INC-1/resolve", {"summary": "Done"}, If_Match=read.headers["ETag"])
    assert (moved.status, late.status) == (200, 412)
    assert (await world.show())["status"] == "identified"
    resolved = await maya.post("/incidents/INC-1/resolve", {"summary": "Done"}, If_Match=moved.headers["ETag"])
    assert resolved.status == 200


async def test_problems_say_what_to_do(world: World, maya: Program) -> None:
    missing = await maya.get("/incidents/INC-99")
    assert missing.body == {
        "type": "/api#not-found", "title": "Not found", "status": 404, "detail": "There is no incident INC-99.",
    }  # fmt: skip
    invalid = await maya.post("/incidents", {"titel": "x"})
    assert invalid.status == 422
    assert {error["field"] for error in invalid.body["errors"]} == {"title", "titel"}
    unknown = await maya.post("/incidents", {"title": "x", "severity": "sev9"})
    assert "Use one of: sev1" in unknown.body["detail"]
    assert (await maya.send("PATCH", "/incidents", {})).headers["Allow"] == "GET, POST"
    await maya.post("/incidents", {"title": "x", "severity": "sev3"})
    conflict = await maya.post("/incidents/1/reopen", {"reason": "Back"})
    assert (conflict.status, conflict.body["example"]) == (409, "/incident update What changed")


async def test_a_private_incident_is_the_same_as_none_for_outsiders(world: World, maya: Program) -> None:
    await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
    paths = ["", "/timeline", "/reminders", "/alerts", "/playbooks"]
    async with program(world, person=TOM) as tom, program(world, BOOTSTRAP) as nobody:
        for other in (tom, nobody):
            for path in paths:
                seen, none = await other.get(f"/incidents/INC-1{path}"), await other.get(f"/incidents/INC-2{path}")
                assert (seen.status, none.status) == (404, 404)
                assert seen.body == {**none.body, "detail": none.body["detail"].replace("INC-2", "INC-1")}
            assert (await other.post("/incidents/INC-1/note", {"text": "x"})).status == 404
            assert (await other.get("/incidents")).body["incidents"] == []
    assert [each["id"] for each in (await maya.get("/incidents")).body["incidents"]] == ["INC-1"]


async def test_a_guests_token_may_what_the_guest_may(world: World, maya: Program) -> None:
    await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
    async with program(world, person=GAIL) as gail, program(world, person=ALEX) as alex:
        for outsider in (gail, alex):
            assert (await outsider.post("/incidents/1/note", {"text": "Seen"})).status == 200
            refused = await outsider.post("/incidents/1/resolve", {"summary": "Done"})
            assert refused.status == 403
            assert "only people of this workspace may" in refused.body["detail"]
    async with program(world, person="U0NOBODY00") as stranger:
        assert (await stranger.post("/incidents/1/resolve", {"summary": "Done"})).status == 403


async def test_pages_of_a_list_survive_inserts(world: World, maya: Program) -> None:
    for number in range(5):
        services = ["web"] * (number % 2)
        await maya.post("/incidents", {"title": f"Number {number}", "severity": "sev4", "services": services})
    first = (await maya.get("/incidents?limit=2")).body
    await maya.post("/incidents", {"title": "New", "severity": "sev4"})
    second = (await maya.get(f"/incidents?limit=2&cursor={first['next_cursor']}")).body
    third = (await maya.get(f"/incidents?limit=2&cursor={second['next_cursor']}")).body
    ids = [[each["id"] for each in page["incidents"]] for page in (first, second, third)]
    assert ids == [["INC-5", "INC-4"], ["INC-3", "INC-2"], ["INC-1"]]
    assert third["next_cursor"] is None
    assert [each["id"] for each in (await maya.get("/incidents?service=web")).body["incidents"]] == ["INC-4", "INC-2"]
    entries = (await maya.get("/incidents/1/timeline?limit=1")).body
    assert [entry["kind"] for entry in entries["entries"]] == ["declared"]


async def test_new_entries_are_streamed(world: World, maya: Program) -> None:
    await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
    headers = {"Authorization": f"Bearer {maya.token}", "Last-Event-ID": "0"}
    url = f"{maya.url}/incidents/1/timeline/stream"
    async with maya.session.get(url, headers=headers) as stream:
        await maya.post("/incidents/1/note", {"text": "Deploy 4512"})
        kinds: list[str] = []
        async with asyncio.timeout(WITHIN_S):
            while "note" not in kinds:
                line = (await stream.content.readline()).decode()
                if line.startswith("data: "):
                    kinds.append(json.loads(line[6:])["kind"])
    assert kinds[0] == "declared"


def test_a_token_has_100_requests_at_once_and_600_a_minute() -> None:
    now = [0.0]
    limit = RateLimit(clock=lambda: now[0])
    for _ in range(BURST):
        limit.take(1)
    with pytest.raises(Problem) as refused:
        limit.take(1)
    assert refused.value.headers == {"Retry-After": "1"}
    limit.take(2)  # another token has its own
    now[0] += 0.1
    limit.take(1)

"""`POST /hooks/events` takes alerts, changes and reports from scripts and CloudEvents."""

from __future__ import annotations

import json
from datetime import timedelta

import aiohttp

from storage.alerts import changes, groups
from tests.alerts.sending import TOKEN, send
from tests.scenarios.assertions import settle
from tests.scenarios.running import World

CLOUD = {
    "specversion": "1.0", "id": "e-1", "source": "/checks", "type": "example.alert.fired", "subject": "api",
    "time": "2026-03-02T09:00:00Z", "data": {"title": "API slow", "severity": "warning"},
}  # fmt: skip


async def test_a_critical_event_declares_and_its_end_resolves_the_group(world: World) -> None:
    event = {"title": "Checkout fails", "severity": "critical", "service": "checkout"}
    status, answer = await send(world, event, kind="events")
    assert (status, answer["received"], answer["new"], answer["groups"]) == (202, 1, 1, ["AG-1"])
    await world.incident_channel()
    assert (await world.show())["title"] == "Checkout fails"
    _, answer = await send(world, event, kind="events")
    assert (answer["new"], answer["repeated"]) == (0, 1)
    _, answer = await send(world, {**event, "status": "resolved"}, kind="events")
    assert (answer["resolved"], answer["groups"]) == (1, ["AG-1"])
    await settle(world)
    assert (await world.show())["status"] == "detected"


async def test_a_change_is_stored_with_the_services_key_and_makes_no_group(world: World) -> None:
    body = {"type": "change", "title": "Checkout v42", "service": "Checkout", "author": "anna", "ref": "v42"}
    _, answer = await send(world, [body, {"title": ""}], kind="events")
    assert (answer["received"], answer["new"], answer["rejected"], answer["groups"]) == (2, 1, 1, [])
    assert answer["reasons"] == [{"alert": 1, "reason": "`title` is missing"}]
    _, answer = await send(world, body, kind="events")
    assert (answer["new"], answer["repeated"]) == (0, 1)
    async with world.tocsin.database.reading() as conn:
        now = world.tocsin.context.clock.now()
        (change,) = await changes.changes_before(conn, ["checkout"], now, timedelta(hours=2), 10)
        assert await groups.newest(conn, 10) == []
    assert (change.title, change.author) == ("Checkout v42", "anna")


async def test_a_sender_of_cloudevents_that_asks_first_is_allowed_and_goes_on_to_need_the_token(world: World) -> None:
    url = f"http://127.0.0.1:{world.tocsin.port}/hooks/events"
    asked = {"WebHook-Request-Origin": "events.example.com", "WebHook-Request-Rate": "120"}
    asked["WebHook-Request-Callback"] = "http://127.0.0.1:1/never-called"
    async with aiohttp.ClientSession() as session:
        async with session.options(url, headers=asked) as answer:
            assert answer.status == 200
            assert answer.headers["WebHook-Allowed-Origin"] == "events.example.com"
            assert answer.headers["WebHook-Allowed-Rate"] == "120"
            assert answer.headers["Allow"] == "POST, OPTIONS"
        async with session.options(url, headers={"WebHook-Request-Origin": "x" * 300}) as answer:
            assert (answer.status, answer.headers.get("WebHook-Allowed-Origin")) == (200, None)
        async with session.post(url, json=CLOUD) as answer:
            assert answer.status == 401


async def test_cloudevents_are_taken_structured_in_batches_and_by_headers(world: World) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    structured = {**token, "Content-Type": "application/cloudevents+json; charset=utf-8"}
    assert (await send(world, json.dumps(CLOUD).encode(), structured, "events"))[1]["new"] == 1
    batch = {**token, "Content-Type": "application/cloudevents-batch+json"}
    assert (await send(world, json.dumps([CLOUD, {**CLOUD, "id": "e-2"}]).encode(), batch, "events"))[1][
        "repeated"
    ] == 2
    assert (await send(world, b"[]", batch, "events"))[0] == 202
    binary = {**token, "Content-Type": "application/json"}
    binary |= {f"ce-{name}": value for name, value in CLOUD.items() if isinstance(value, str)}
    assert (await send(world, json.dumps(CLOUD["data"]).encode(), binary, "events"))[1]["repeated"] == 1
    over = {**binary, "ce-type": "example.alert.resolved", "ce-time": "2026-03-02T09:05:00Z"}
    assert (await send(world, json.dumps(CLOUD["data"]).encode(), over, "events"))[1]["resolved"] == 1
    late = await send(world, json.dumps(CLOUD).encode(), structured, "events")
    assert (late[1]["stale"], late[1]["new"]) == (1, 0), "the same event once more opens nothing"


async def test_a_cloudevent_without_a_time_delivered_again_after_its_alerts_end_opens_nothing(
    world: World,
) -> None:
    undated = {name: value for name, value in CLOUD.items() if name != "time"}
    over = {**undated, "id": "e-2", "type": "example.alert.resolved"}
    answers = [(await send(world, event, kind="events"))[1] for event in (undated, over, undated, over)]
    kinds = [next(kind for kind in ("new", "resolved", "stale", "repeated") if answer[kind]) for answer in answers]
    assert kinds == ["new", "resolved", "stale", "repeated"]
    anew = {**undated, "id": "e-3"}
    answers = [(await send(world, event, kind="events"))[1] for event in (anew, over)]
    assert (answers[0]["new"], answers[1]["stale"], answers[1]["resolved"]) == (1, 1, 0), "it fires on"


async def test_a_single_event_that_cannot_be_read_is_refused_with_an_example(world: World) -> None:
    status, answer = await send(world, {"title": "x", "status": "over"}, kind="events")
    assert (status, answer["error"]) == (400, "`status` is neither firing nor resolved")
    assert '"title": "Checkout fails"' in answer["expected"]

"""`POST /hooks/alertmanager`: permitted senders, refusals with their words, and answers."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.integrations.alerts.protocol import MOST_ALERTS
from bot.web.hooks import endpoint
from tests.alerts.sending import TOKEN, alert, send, webhook
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S

JSON = {"Content-Type": "application/json"}


def basic(password: str) -> dict[str, str]:
    return {**JSON, "Authorization": "Basic " + base64.b64encode(f"alertmanager:{password}".encode()).decode()}


async def test_without_a_token_there_is_no_endpoint(sqlite_url: str) -> None:
    async with running_world(sqlite_url) as world:
        assert (await send(world, webhook(alert())))[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        {**JSON, "Authorization": "Bearer wrong"},
        {**JSON, "Authorization": f"Bearer {TOKEN}x"},
        {**JSON, "Authorization": f"Token {TOKEN}"},
        {**JSON, "Authorization": "Basic !!!"},
        {**JSON, "Authorization": "Bearer ü".encode().decode("latin-1")},
        basic(""),
        basic("wrong"),
    ],
)
async def test_a_request_without_a_token_that_is_accepted_is_refused(world: World, headers: dict[str, str]) -> None:
    status, answer = await send(world, webhook(alert()), headers)
    assert status == 401
    assert "TOCSIN_HOOK_TOKEN" in answer["expected"]


async def test_the_token_is_accepted_as_a_basic_password_and_each_of_several_while_it_is_replaced(
    sqlite_url: str, tmp_path: Path, policy_text: str
) -> None:
    policy = policy_file(tmp_path, policy_text)
    async with running_world(sqlite_url, policy=policy, tocsin_hook_token=f"old-one, {TOKEN},") as world:
        assert (await send(world, webhook(), basic(TOKEN)))[0] == 202
        assert (await send(world, webhook(), {**JSON, "Authorization": "Bearer old-one"}))[0] == 202
        assert (await send(world, webhook(), {**JSON, "Authorization": "Bearer "}))[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"1", b'"alerts"', b"{}", b'{"alerts": {}}', b'{"alerts": [}', b'{"alerts": [1,]}',
        b'{"alerts": []} {}', b"\xff\xfe", b"[" * 100_000, b'{"alerts": ' + b"[" * 100_000, b'{"alerts" []}', b'{1: 2}',
        b'{"alerts": [] "x": 1}', b'{"alerts": [{} {}]}', b'{"alerts": [', b'{"alerts": [{"status": NaN',
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_refused_with_what_was_expected(world: World, body: bytes) -> None:
    status, answer = await send(world, body)
    assert (status, set(answer)) == (400, {"error", "expected"})
    assert "Alertmanager" in answer["expected"]


async def test_another_type_or_a_compressed_body_is_refused(world: World) -> None:
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    body = json.dumps(webhook()).encode()
    assert (await send(world, body, {**allowed, "Content-Type": "application/x-www-form-urlencoded"}))[0] == 415
    assert (await send(world, body, {**allowed, **JSON, "Content-Encoding": "gzip"}))[0] == 415


async def test_a_body_with_too_many_alerts_or_bytes_is_refused(world: World) -> None:
    small = {"status": "firing"}
    assert (await send(world, webhook(*[small] * (MOST_ALERTS + 1))))[0] == 413
    assert (await send(world, b" " * (16 * 1024 * 1024 + 1)))[0] == 413


async def test_one_bad_alert_never_loses_the_others(world: World) -> None:
    good = alert(severity="critical")
    bad: list[Any] = [
        1,
        {},
        {**good, "status": "gone"},
        {**good, "labels": {}},
        {**good, "startsAt": "soon"},
        {**good, "labels": 3},
    ]
    status, answer = await send(world, webhook(*bad, good))
    assert (status, answer["received"], answer["new"], answer["rejected"]) == (202, 7, 1, 6)
    assert answer["reasons"][4] == {"alert": 4, "reason": "`startsAt` is no time such as 2026-03-02T09:00:00Z"}


async def test_a_batch_that_fires_and_resolves_an_occurrence_in_any_order_leaves_it_resolved(world: World) -> None:
    first, last = alert(severity="critical"), alert(severity="critical", status="resolved")
    _, answer = await send(world, webhook(last, first))
    assert (answer["new"], answer["stale"], answer["groups"]) == (1, 1, [])
    _, answer = await send(world, webhook(first))
    assert (answer["stale"], answer["groups"]) == (1, [])


async def test_the_largest_body_is_taken_whole(world: World) -> None:
    alerts = [alert(env="dev", instance=f"host-{number}") for number in range(MOST_ALERTS)]
    status, answer = await send(world, webhook(*alerts))
    assert (status, answer["received"], answer["new"], answer["groups"]) == (202, MOST_ALERTS, MOST_ALERTS, ["AG-1"])


async def test_more_requests_at_once_than_there_is_room_for_are_asked_to_come_again(
    sqlite_url: str, tmp_path: Path, policy_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MOST_AT_ONCE", 1)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, policy_text), tocsin_hook_token=TOKEN) as world:
        headers = {"Authorization": f"Bearer {TOKEN}", **JSON}
        url = f"http://127.0.0.1:{world.tocsin.port}/hooks/alertmanager"
        _, writer = await asyncio.open_connection("127.0.0.1", world.tocsin.port)
        try:
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"POST /hooks/alertmanager HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 20\r\n\r\n".encode())
            await writer.drain()
            async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as session:
                while True:  # until the first, whose body does not arrive, has taken the room
                    async with session.post(url, json=webhook(), headers=headers) as answer:
                        if answer.status == 429:
                            break
            assert answer.headers["Retry-After"] == str(endpoint.AGAIN_AFTER_S)
        finally:
            writer.close()

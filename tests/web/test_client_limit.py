"""One client cannot use up what all clients may ask for together."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.client_limit import MOST_CLIENTS, ClientLimit
from bot.web.statuspage import subscriptions
from tests.scenarios.running import policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
status_page: {name: Example AI, preset: llm-platform, subscribe: [webhook], url: "https://status.example.com/status"}
"""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_client_that_asked_too_often_gets_its_share_back_with_time() -> None:
    clock = Clock()
    limit = ClientLimit(3, 2, clock=clock)
    assert [limit.take_for("192.0.2.1") for _ in range(5)] == [0, 0, 0, 30, 30]
    assert limit.take_for("192.0.2.2") == 0
    clock.now += 30
    assert [limit.take_for("192.0.2.1") for _ in range(2)] == [0, 30]


def test_the_clients_that_are_remembered_are_bounded() -> None:
    limit = ClientLimit(1, 1)
    for number in range(MOST_CLIENTS + 50):
        limit.take_for(f"client {number}")
    assert len(limit._buckets) == MOST_CLIENTS


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "limited"),
    [
        ("8.8.4.4", None, "", True),
        ("8.8.4.4", "203.0.113.{n}", "", True),  # a client that makes up the header
        ("127.0.0.1", None, "", True),
        ("10.0.0.1", "8.8.8.{n}", "", False),  # a proxy that the settings do not name
        ("10.0.0.1", "8.8.8.{n}", "10.0.0.0/8", False),  # each is another client
        ("10.0.0.1", "8.8.{n}.8, 8.8.8.8", "10.0.0.0/8", True),
    ],
)
def test_clients_are_told_apart_by_their_address(
    remote: str, forwarded: str | None, proxies: str, limited: bool
) -> None:
    limit = ClientLimit(2, 1, proxies)
    waits = []
    for number in range(4):
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded.format(n=number)}
        waits.append(limit.take(make_mocked_request("POST", "/", headers).clone(remote=remote)))
    assert any(waits) is limited


async def test_a_client_gets_only_its_share_of_subscriptions(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "BURST", 2.0)
    more: dict[str, Any] = {"tocsin_proxies": "127.0.0.1"}
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **more) as world:
        url = f"http://127.0.0.1:{world.tocsin.port}/status/subscribe"
        async with aiohttp.ClientSession() as session:

            async def ask(number: int, client: str) -> int:
                data = {"webhook": f"https://host{number}.example.com/in"}
                async with session.post(url, data=data, headers={"X-Forwarded-For": client}) as answer:
                    assert ("Retry-After" in answer.headers) is (answer.status == 429)
                    return answer.status

            statuses = await asyncio.gather(*(ask(number, "8.8.8.8") for number in range(5)))
            assert sorted(statuses) == [200, 200, 429, 429, 429]
            assert await ask(9, "8.8.4.4") == 200

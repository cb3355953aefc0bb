"""Payloads over a socket are validated like those over HTTP: they block nothing and cause no error of ours."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.hostile_requests import ANYTHING, new_delivery, put, recorded_payloads, still_works, without_each
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

FRAMES = [
    "", "{", "{}", "[]", "null", "7", "\x00", "{" * 100_000, '{"a":' * 50_000, "x" * 1_000_000, '{"type": "hello"}',
    '{"type": 7}', '{"type": {}}', '{"type": []}',
    '{"type": "nonsense", "envelope_id": "e", "payload": {}}',
    '{"type": "events_api", "envelope_id": "e"}', '{"type": "events_api", "envelope_id": "e", "payload": null}',
    '{"type": "events_api", "envelope_id": "e", "payload": 7}', '{"type": "events_api", "payload": {}}',
    '{"type": "events_api", "envelope_id": "e", "payload": []}',
    '{"type": "events_api", "envelope_id": {}, "payload": {}}',
    '{"type": "events_api", "envelope_id": "e", "payload": "text"}',
    '{"type": "events_api", "envelope_id": "e", "payload": {"event": null}}',
    '{"type": "events_api", "envelope_id": "e", "payload": {"event": {"type": {}}}, "retry_attempt": {}}',
    '{"type": "events_api", "envelope_id": "e", "payload": {"type": "\\ud800"}}',
    '{"type": "interactive", "envelope_id": "e", "payload": {"type": "block_actions"}}',
    '{"type": "interactive", "envelope_id": "e", "payload": {"type": "view_submission", "view": 7}}',
    '{"type": "interactive", "envelope_id": "e", "payload": {"type": "message_action", "user": {"id": "U1"}}}',
    '{"type": "slash_commands", "envelope_id": "e", "payload": {"command": 7}}',
    '{"type": "slash_commands", "envelope_id": "e", "payload": {"command": "/incident"}}',
    '{"type": "slash_commands", "envelope_id": "e", "payload": {"command": "/incident", "user_id": "U1", "text": {}}}',
]  # fmt: skip
numbers = itertools.count(1)


@pytest.fixture
async def over_sockets(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, socket_mode=True) as running:
        yield running


async def frame(world: World, text: str) -> None:
    """One frame, on one of the connections, as it is. Whatever it does, a connection must be there for the next."""
    async with asyncio.timeout(WITHIN_S):
        while not (there := [c for c in world.ws.sockets.connections if not c.socket.closed]):
            await asyncio.sleep(0.05)
    await there[0].socket.send_str(text)


async def send_envelope(world: World, kind: str, payload: Any) -> None:
    body = {"type": kind, "envelope_id": f"h{next(numbers)}", "payload": payload, "accepts_response_payload": True}
    await frame(world, json.dumps(body))


async def goes_on(world: World) -> None:
    """It declares, notes and listens as ever, as soon as it has got through what was sent before."""
    async with asyncio.timeout(60):
        while True:
            try:
                await still_works(world)
            except AssertionError:
                await asyncio.sleep(1)
            else:
                return


async def test_invalid_frames_are_dropped(over_sockets: World) -> None:
    world = over_sockets
    await world.declare()
    for text in FRAMES:
        await frame(world, text)
    await goes_on(world)


async def test_damaged_payloads_cause_no_server_error(
    over_sockets: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world = over_sockets
    kinds = await recorded_payloads(world)
    assert len(kinds) >= 30
    sent = 0
    for one in kinds:
        deeper = itertools.islice(without_each(one["payload"], 2), 0, None, 29)
        for payload in itertools.chain(itertools.islice(without_each(one["payload"], 1), 0, None, 3), deeper):
            await send_envelope(world, one["kind"], new_delivery(payload))
            sent += 1
    assert sent > 300
    await goes_on(world)
    said = "".join(capfd.readouterr()) + caplog.text
    assert "listener.failed" not in said
    assert "Failed to run a request listener" not in said
    for secret in (world.ws.settings.app_token, world.ws.settings.bot_token):
        assert secret not in said


async def test_garbage_in_payloads_causes_no_server_error(over_sockets: World) -> None:
    world = over_sockets
    kinds = await recorded_payloads(world)
    loop = asyncio.get_running_loop()
    paths = st.lists(st.integers(0, 40), min_size=1, max_size=5)

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(which=st.integers(0, 1000), changes=st.lists(st.tuples(paths, ANYTHING), max_size=3, min_size=1))
    def attempt(which: int, changes: list[tuple[list[int], Any]]) -> None:
        one = kinds[which % len(kinds)]
        payload: Any = new_delivery(one["payload"])
        for path, odd in changes:
            payload = put(payload, path, odd)
        asyncio.run_coroutine_threadsafe(send_envelope(world, one["kind"], payload), loop).result(20)

    await asyncio.to_thread(attempt)
    await goes_on(world)

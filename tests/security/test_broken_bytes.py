"""Bytes that are no text, and characters that no database takes, in paths, queries and headers break no endpoint."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

from bot.operations.table import OPERATIONS
from tests.api.calls import token_for
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000]}}
status_page: {visibility: internal, components: [{key: api, name: API}]}
"""
BROKEN = (b"\xff\xfe", b"%ff", b"%00", b"%ED%A0%80", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", "²".encode())
ENDPOINTS = (
    "GET /ack/{x}", "POST /ack/{x}", "GET /ack/{x}.{x}", "GET /status?access={x}", "GET /status/incidents/{x}",
    "GET /status/confirm/{x}", "POST /status/confirm/{x}", "POST /status/unsubscribe/{x}.{x}",
    "GET /status/history?before={x}", "GET /status/api/v2/{x}", "GET /oncall/primary.ics?token={x}",
    "GET /oncall/all.ics?token={x}", "GET /oncall/{x}.ics?token=1", "GET /api/v1/search?q={x}",
    "GET /api/v1/incidents?cursor={x}", "GET /api/v1/incidents?service={x}",
    "GET /api/v1/incidents/1/timeline?kind={x}", "GET /api/v1/people?name={x}", "GET /api/v1/people?ids={x}",
    "GET /{x}",
)  # fmt: skip
HEADERS = (
    "Authorization: Bearer {x}",
    "Authorization: Basic {x}",
    "Sentry-Hook-Signature: {x}",
    "Idempotency-Key: {x}",
)


async def status_of(port: int, request: bytes) -> int:
    """The status of the answer to the bytes of one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), WITHIN_S)
    finally:
        writer.close()
    return int(line.split()[1]) if line else 0


async def broke(world: World, endpoints: list[str], secret: str) -> list[tuple[str, int]]:
    found = []
    for endpoint in endpoints:
        method, path = endpoint.split(" ", 1)
        for broken in BROKEN:
            target = path.encode().replace(b"{x}", broken)
            head = f"Host: x\r\nAuthorization: Bearer {secret}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            status = await status_of(
                world.tocsin.port, method.encode() + b" " + target + b" HTTP/1.1\r\n" + head.encode()
            )
            if status >= 500:
                found.append((f"{method} {target!r}", status))
    return found


async def test_no_path_and_no_query_breaks_an_endpoint(database_url: str, tmp_path: Path) -> None:
    operations = [f"{each.method} /api/v1{re.sub(r'{[a-z]+}', '{x}', each.path)}" for each in OPERATIONS]
    async with running_world(database_url, policy=policy_file(tmp_path, POLICY)) as world:
        await world.declare()
        _, secret = await token_for(world, scopes="admin")
        assert await broke(world, [*ENDPOINTS, *(each for each in operations if "{x}" in each)], secret) == []


async def test_no_header_breaks_an_endpoint(sqlite_url: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {"tocsin_hook_token": "t" * 32, "sentry_client_secret": "s" * 32}
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **more) as world:
        for endpoint in ("GET /api/v1/me", "POST /api/v1/tokens", "POST /hooks/events", "POST /hooks/sentry"):
            for header in HEADERS:
                for broken in (b"\xff\xfe", b"/////w==", "²".encode()):
                    line = header.encode().replace(b"{x}", broken)
                    head = b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                    request = endpoint.encode() + head + line + b"\r\nConnection: close\r\n\r\n{}"
                    assert 400 <= await status_of(world.tocsin.port, request) < 500, (endpoint, line)


async def test_no_codec_that_a_form_names_breaks_or_delays_an_endpoint(sqlite_url: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "twilio_auth_token": "t" * 32, "tocsin_url": "https://tocsin.example.com",
        "twilio_account_sid": "AC" + "1" * 32, "twilio_from": "+15550100000",
    }  # fmt: skip
    part = (
        b'--b\r\nContent-Disposition: form-data; name="csrf"\r\nContent-Type: text/plain; charset=%s\r\n\r\n'
        b"a\r\n--b--\r\n"
    )
    plain, slow = "application/x-www-form-urlencoded", b"a-" + b"a" * 900_000
    forms = [
        *((f"{plain}; charset={name}", slow) for name in ("punycode", "x", "hex")),
        (plain, b"\xff=\xfe&csrf=%ff"),
        (f"{plain}; charset=ascii", "csrf=é".encode()),
        (plain, b"&".join([b"a=b"] * 5000)),
        *(("multipart/form-data; boundary=b", part % name) for name in (b"x", b"punycode")),
        ("multipart/form-data", b"--"),
    ]  # fmt: skip
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **more) as world:
        for endpoint in (
            "/login", "/login/x", "/logout", "/incidents/INC-1/note", "/hooks/twilio/sms", "/hooks/twilio/voice",
            "/status/subscribe",
        ):  # fmt: skip
            for kind, body in forms:
                head = f"POST {endpoint} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                began = time.monotonic()
                status = await status_of(world.tocsin.port, head.encode() + b"Connection: close\r\n\r\n" + body)
                assert 400 <= status < 500, (endpoint, kind, status)
                assert time.monotonic() - began < WITHIN_S / 2, (endpoint, kind)

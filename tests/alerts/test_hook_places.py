"""Requests without a valid token or signature do not use up the places of an alert endpoint."""

from __future__ import annotations

import asyncio
import hmac
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.web.hooks import endpoint
from tests.alerts.sending import TOKEN
from tests.scenarios.running import policy_file, running_world
from tests.waiting import WITHIN_S

JSON = {"Content-Type": "application/json"}


async def test_requests_without_proof_keep_no_authentic_one_out(
    sqlite_url: str, tmp_path: Path, policy_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MOST_AT_ONCE", 1)
    policy = policy_file(tmp_path, policy_text)
    secrets: dict[str, Any] = {"tocsin_hook_token": TOKEN, "grafana_hmac_secret": "grafana-secret"}
    async with running_world(sqlite_url, policy=policy, **secrets) as world:
        url = f"http://127.0.0.1:{world.tocsin.port}/hooks/grafana"
        head = "POST /hooks/grafana HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writers = []
        for length in (1000, endpoint.SMALL_BODY + 1):  # their bodies never arrive
            _, writer = await asyncio.open_connection("127.0.0.1", world.tocsin.port)
            writers.append(writer)
            writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode())
            await writer.drain()
        large = {"alerts": [], "note": "x" * endpoint.SMALL_BODY}
        body = json.dumps({"alerts": []}).encode()
        signature = hmac.new(b"grafana-secret", body, "sha256").hexdigest()
        try:
            async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as session:
                while True:  # until the large one has taken the only place of those without proof
                    async with session.post(url, json=large) as answer:
                        if answer.status == 429:
                            break
                async with session.post(url, json=large, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
                    assert answer.status == 202
                signed = {"X-Grafana-Alerting-Signature": signature, **JSON}
                async with session.post(url, data=body, headers=signed) as answer:
                    assert answer.status == 202
        finally:
            for writer in writers:
                writer.close()

"""Sends alerts as Alertmanager does."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import aiohttp

from tests.scenarios.running import World

TOKEN = "hook-token-0123456789"
STARTED = "2026-03-02T09:00:00.123456789Z"


def alert(name: str = "HighErrors", status: str = "firing", starts_at: str = STARTED, **labels: str) -> dict[str, Any]:
    """One alert; its fingerprint follows from its labels, as with the real sender."""
    labels = {"alertname": name, **labels}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{name} on {labels.get('instance', 'everything')}"},
        "startsAt": starts_at,
        "endsAt": "2026-03-02T09:07:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        "fingerprint": f"{hash(tuple(sorted(labels.items()))) & (2**64 - 1):016x}",
    }


def webhook(*alerts: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "toc\\.sin",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am.example:9093",
        "alerts": list(alerts), **top,
    }  # fmt: skip


async def send(
    world: World, body: Any, headers: dict[str, str] | None = None, kind: str = "alertmanager"
) -> tuple[int, dict[str, Any]]:
    """The status and JSON of the answer. `body`: JSON, or bytes as they are."""
    given = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"} if headers is None else headers
    data: dict[str, Any] = (
        {"data": BytesIO(body)} if isinstance(body, bytes) else {"data": BytesIO(json.dumps(body).encode())}
    )
    url = f"http://127.0.0.1:{world.tocsin.port}/hooks/{kind}"
    async with aiohttp.ClientSession() as session, session.post(url, headers=given, **data) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else {}

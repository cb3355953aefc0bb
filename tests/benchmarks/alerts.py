"""Alerts: a storm of 10,000 from three sources, and one body of 20,000.

The storm: forty services hang on two roots; bodies of a hundred arrive evenly within `STORM_S`, and somebody declares
by hand meanwhile. The bars are those of the design: two incidents by alerts, no alert lost or doubled, p99 of the hook
100 ms; the body of 20,000 is answered within 5 s, and the event loop never stalls for more than 100 ms.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from storage.schema import alert_groups, alerts, incidents
from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, ms, percentile

TOKEN = "benchmark-token"
STORM, IN_BODY, STORM_S, BODY = 10_000, 100, 30.0, 20_000
SERVICES = 40
POLICY = """
preset: sev1-5
announce: "#incidents"
services:
  root-0: {}
  root-1: {}
%s
alerts:
  group_by: [alertname, service]
  wait: 5s
  severity: {map: {critical: sev1, warning: sev3}}
  routes:
    - {match: {env: dev}, do: record}
    - {match: {severity: critical}, do: declare}
"""


def policy(folder: Path) -> Path:
    """The policy's file: half of the services depend on each root."""
    leaves = [f"  leaf-{n}: {{depends_on: [root-{n % 2}]}}" for n in range(SERVICES - 2)]
    (folder / "policy.yml").write_text(POLICY % "\n".join(leaves))
    return folder / "policy.yml"


def _service(number: int) -> str:
    names = ["root-0", "root-1", *(f"leaf-{n}" for n in range(SERVICES - 2))]
    return names[number % SERVICES]


def _labelled(number: int, **labels: str) -> dict[str, Any]:
    given = {"alertname": "Down", "severity": "critical", "instance": f"host-{number}", **labels}
    return {"labels": given, "status": "firing", "startsAt": "2026-03-02T09:00:00Z", "fingerprint": f"{number:016x}"}


def _body(numbers: range, **labels: str) -> bytes:
    listed = [_labelled(n, **{"service": _service(n), **labels}) for n in numbers]
    return json.dumps({"version": "4", "alerts": listed}).encode()


def _events(numbers: range) -> bytes:
    listed = [
        {"title": "Down", "severity": "critical", "service": _service(n), "key": f"e{n}", "labels": {"host": f"h{n}"}}
        for n in numbers
    ]
    return json.dumps(listed).encode()


async def _post(http: aiohttp.ClientSession, port: int, kind: str, body: bytes) -> float:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    began = time.perf_counter()
    async with http.post(f"http://127.0.0.1:{port}/hooks/{kind}", data=body, headers=headers) as answer:
        text = await answer.text()
        if answer.status != 202:
            raise RuntimeError(f"{kind} answered {answer.status}: {text[:200]}")
    return time.perf_counter() - began


async def _largest(rig: processes.Rig, bot: processes.Child, http: aiohttp.ClientSession) -> list[Figure]:
    few = _body(range(1_000_000, 1_000_000 + BODY), env="dev")
    each = json.dumps({"version": "4", "alerts": [_alone(n) for n in range(2_000_000, 2_000_000 + BODY)]}).encode()
    return [
        *await _large(rig, bot, http, f"one body of {BODY} alerts", few),
        *await _large(rig, bot, http, f"one body of {BODY} alerts, each a group of its own", each),
    ]


def _alone(number: int) -> dict[str, Any]:
    return _labelled(number, alertname=f"Down{number}", service=_service(number), env="dev")


async def _large(
    rig: processes.Rig, bot: processes.Child, http: aiohttp.ClientSession, what: str, body: bytes
) -> list[Figure]:
    await rig.longest_stall(bot)
    took_s = await _post(http, bot.port, "alertmanager", body)
    stall_s = await rig.longest_stall(bot)
    return [
        Figure(f"{what}: answered", ms(took_s), "< 5 s", took_s < 5),
        Figure("meanwhile: longest stall of the event loop", ms(stall_s), "< 100 ms", stall_s < 0.1),
    ]


async def _storm(rig: processes.Rig, http: aiohttp.ClientSession, port: int, database: Any) -> list[Figure]:
    channel, person = await rig.channel("general"), await rig.person("maya")
    took: list[float] = []
    declared: list[float] = []
    began = time.perf_counter()
    kinds = ("alertmanager", "grafana", "events")
    running: list[asyncio.Task[float]] = []
    for index, start in enumerate(range(0, STORM, IN_BODY)):
        await asyncio.sleep(max(0.0, began + index * STORM_S * IN_BODY / STORM - time.perf_counter()))
        kind, numbers = kinds[index % 3], range(start, start + IN_BODY)
        body = _events(numbers) if kind == "events" else _body(numbers)
        running.append(asyncio.create_task(_post(http, port, kind, body)))
        if index == STORM // IN_BODY // 2:
            (answer,) = await client.request_all(port, [client.command("declare sev4 By hand", channel, person)], 1)
            declared.append(answer.took_s)
    took = list(await asyncio.gather(*running))
    await asyncio.sleep(8)
    await processes.idle(database, 60.0)
    async with database.reading() as conn:
        told = await conn.scalar(sa.select(sa.func.count()).select_from(alerts).where(alerts.c.firing))
        opened = await conn.scalar(sa.select(sa.func.count()).select_from(incidents))
        listed = await conn.scalar(
            sa.select(sa.func.count()).select_from(alert_groups).where(alert_groups.c.incident.is_not(None))
        )
    p99 = percentile(took, 0.99)
    return [
        Figure(
            f"storm of {STORM} alerts in {STORM_S:.0f} s: one body of {IN_BODY}",
            f"p50 {ms(percentile(took, 0.5))}, p99 {ms(p99)}", "p99 < 100 ms", p99 < 0.1,
        ),
        Figure("storm: alerts that fire", str(told), str(STORM), told == STORM),
        Figure("storm: incidents by alerts", f"{opened - 1}, with {listed} groups", "2", opened - 1 == 2),
        Figure("storm: a declare by hand meanwhile", ms(declared[0]), "< 1 s", declared[0] < 1),
    ]  # fmt: skip


async def _figures() -> list[Figure]:
    async with processes.rig() as rig:
        url = f"sqlite+aiosqlite:///{rig.folder}/alerts.db"
        path = str(policy(rig.folder))
        bot = await rig.bot(url, watched=True, TOCSIN_HOOK_TOKEN=TOKEN, TOCSIN_POLICY=path)
        async with processes.read_database(url) as database, aiohttp.ClientSession() as http:
            return [*await _storm(rig, http, bot.port, database), *await _largest(rig, bot, http)]


def figures() -> list[Figure]:
    """The rows of the table."""
    return asyncio.run(_figures())

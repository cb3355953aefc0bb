"""A private incident with alerts, actions, a review and messages: no interface reveals any of it to an outsider."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp

from bot.domain.actions.item import NewAction
from bot.domain.communications.tell import Message
from bot.operations.table import OPERATIONS
from bot.usecases.actions.create import create_action
from bot.usecases.communications.send import send
from bot.usecases.incidents.note import note
from bot.usecases.incidents.resolve import resolve
from bot.usecases.reviews.changes import edit_sections, open_review
from tests.api.calls import GAIL, TOM, program
from tests.scenarios.assertions import settle
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000]}}
audiences:
  internal: {notify: ["user:U0MAYA0000"]}
status_page: {components: [{key: api, name: API}]}
alerts:
  wait: 0s
  routes: [{do: ask, channel: "#alerts"}]
"""
WORD = "zirconium"  # stands in every text of the incident
OPEN_PATHS = (
    "/status", "/status/history", "/status/feed.atom", "/status/feed.rss", "/status/feed.json",
    "/status/maintenance.ics", "/status/badge.svg", "/api/v2/summary.json", "/api/v2/incidents.json",
    "/healthz", "/readyz", "/metrics",
)  # fmt: skip


async def private_one(world: World) -> None:
    """INC-1, which is private and has a text at every place, with a group of alerts that belongs to it."""
    context = world.tocsin.context
    async with program(world, person=world.maya.id) as maya:
        made = await maya.post("/incidents", {"title": f"Leak of {WORD}", "severity": "sev1", "private": True})
        assert made.status == 201, made.body
        body = {"type": "alert", "title": "High errors", "status": "firing", "severity": "critical", "key": "errors"}
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {'t' * 32}"}
            url = f"http://127.0.0.1:{world.tocsin.port}/hooks/events"
            async with session.post(url, json=body, headers=headers) as answer:
                assert answer.status == 202, await answer.text()
        await settle(world)
        async with asyncio.timeout(30):
            while (attached := await maya.post("/alerts/AG-1/attach", {"incident": "INC-1"})).status == 409:
                await asyncio.sleep(0.1)
        assert attached.status == 200, attached.body
    who = world.maya.id
    await note(context, 1, f"Note of {WORD}", who)
    await create_action(context, 1, NewAction(f"Rotate {WORD}", owner=TOM), who)
    await send(context, 1, Message("internal", "update", f"About {WORD}", f"Text of {WORD}"), who)
    await resolve(context, 1, who, summary=f"Rotated {WORD}", root_cause=WORD)
    await open_review(context, 1, who)
    await edit_sections(context, 1, {"lessons": (0, f"Hide {WORD}")}, who)
    await settle(world)


def leaks_in(body: Any) -> list[str]:
    """What of the incident stands in an answer."""
    text = body if isinstance(body, str) else json.dumps(body)
    return re.findall(rf"{WORD}|INC-1\b", text)


async def test_no_interface_tells_an_outsider_of_a_private_incident(sqlite_url: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {"tocsin_hook_token": "t" * 32}
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **more) as world:
        await private_one(world)
        leaks: list[tuple[str, str, set[str]]] = []
        values = {
            "{id}": "INC-1", "{run}": "1", "{step}": "1.1", "{schedule}": "primary", "{playbook}": "x", "{token}": "x",
        }  # fmt: skip
        for person in ("U0PRIYA000", GAIL):
            async with program(world, person=person) as client:
                for operation in OPERATIONS:
                    path = operation.path.replace("/alerts/{id}", "/alerts/AG-1")
                    for name, value in values.items():
                        path = path.replace(name, value)
                    query = {"search_incidents": f"?q={WORD}", "list_alerts": "?scope=all"}.get(operation.name, "")
                    reply = await client.send(operation.method, path + query, dict(operation.example) or None)
                    said = {"INC-1"} if reply.status == 404 else set()  # it was asked for, and is not there
                    if found := set(leaks_in(reply.body)) - said:
                        leaks.append((person, operation.name, found))
        async with aiohttp.ClientSession() as session:
            for path in OPEN_PATHS:
                async with session.get(f"http://127.0.0.1:{world.tocsin.port}{path}") as answer:
                    if found := set(leaks_in(await answer.text())):
                        leaks.append(("nobody", path, found))
        assert leaks == []

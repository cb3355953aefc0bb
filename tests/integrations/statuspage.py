"""A double of Atlassian Statuspage's API, by its public reference: https://developer.statuspage.io

It knows the paths that are used, refuses what the reference does not have, and can lose an answer after it acted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY, PAGE = "sp-key-of-the-tests", "p4g3"
STATUSES = {
    "investigating", "identified", "monitoring", "resolved", "scheduled", "in_progress", "verifying", "completed",
}  # fmt: skip
STATES = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance", ""}
FIELDS = {
    "name", "status", "body", "metadata", "components", "component_ids", "deliver_notifications", "impact_override",
    "scheduled_for", "scheduled_until", "scheduled_remind_prior", "scheduled_auto_in_progress",
    "scheduled_auto_completed", "backfilled", "backfill_date",
}  # fmt: skip


@dataclass
class Double:
    """What stands there. `lose` answers are lost after the request was carried out; `busy` requests get 420.

    `on_write` is called after each request that changed something, with how many there were, and before its answer.
    """

    url: str = ""
    components: dict[str, dict[str, str]] = field(default_factory=dict)
    incidents: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    lose: int = 0
    busy: int = 0
    asked: list[str] = field(default_factory=list)
    writes: int = 0
    on_write: Callable[[int], None] = lambda count: None

    def incident(self, incident_id: str) -> dict[str, Any]:
        found = next((incident for incident in self.incidents if incident["id"] == incident_id), None)
        if found is None:
            raise web.HTTPNotFound(text='{"error": "Couldn\'t find Incident"}', content_type="application/json")
        return found

    def bodies(self, number: int = 0) -> list[tuple[str, str]]:
        """Status and words of the updates of an incident, the oldest first."""
        return [(update["status"], update["body"]) for update in reversed(self.incidents[number]["incident_updates"])]

    def apply(self, incident: dict[str, Any], given: dict[str, Any]) -> None:
        if unknown := set(given) - FIELDS:
            raise web.HTTPUnprocessableEntity(text=f'{{"error": ["{unknown}"]}}', content_type="application/json")
        if given.get("status", "investigating") not in STATUSES or set(given.get("components", {}).values()) - STATES:
            raise web.HTTPUnprocessableEntity(text='{"error": ["status"]}', content_type="application/json")
        incident |= {name: given[name] for name in ("name", "status", "metadata", "backfilled") if name in given}
        for component, state in given.get("components", {}).items():
            self.components[component]["status"] = state
        if "body" in given:
            update = {
                "id": f"u{len(incident['incident_updates']) + 1}", "status": incident["status"], "body": given["body"],
                "deliver_notifications": given.get("deliver_notifications", True),
            }  # fmt: skip
            incident["incident_updates"].insert(0, update)

    @web.middleware
    async def checked(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"OAuth {KEY}":
            return web.json_response({"error": "Could not authenticate"}, status=401)
        if request.match_info.get("page") != PAGE:
            return web.json_response({"error": "not found"}, status=404)
        if self.busy:
            self.busy -= 1
            return web.json_response({"error": "Too many requests"}, status=420, headers={"Retry-After": "0"})
        self.asked.append(f"{request.method} {request.path}")
        answer: web.StreamResponse = await handler(request)
        if request.method != "GET":
            self.writes += 1
            self.on_write(self.writes)
        if self.lose and request.method != "GET":
            self.lose -= 1
            assert request.transport is not None
            request.transport.close()
        return answer

    async def do_page(self, request: web.Request) -> web.Response:
        return web.json_response({"id": PAGE, "name": "Example"})

    async def do_components(self, request: web.Request) -> web.Response:
        return web.json_response([{"id": key, **each} for key, each in self.components.items()])

    async def do_listed(self, request: web.Request) -> web.Response:
        return web.json_response(self.incidents[: int(request.query.get("limit", "100"))])

    async def do_create(self, request: web.Request) -> web.Response:
        given = (await request.json())["incident"]
        made: dict[str, Any] = {"id": f"i{len(self.incidents) + 1}", "metadata": {}, "incident_updates": []}
        self.apply(made, given)
        self.incidents.insert(0, made)
        return web.json_response(made, status=201)

    async def do_read(self, request: web.Request) -> web.Response:
        return web.json_response(self.incident(request.match_info["incident"]))

    async def do_change(self, request: web.Request) -> web.Response:
        incident = self.incident(request.match_info["incident"])
        self.apply(incident, (await request.json())["incident"])
        return web.json_response(incident)

    async def do_tune(self, request: web.Request) -> web.Response:
        incident = self.incident(request.match_info["incident"])
        update = next(each for each in incident["incident_updates"] if each["id"] == request.match_info["update"])
        update["body"] = (await request.json())["incident_update"]["body"]
        return web.json_response(update)


@asynccontextmanager
async def statuspage(*names: str) -> AsyncIterator[Double]:
    there = Double(
        components={f"c{place}": {"name": name, "status": "operational"} for place, name in enumerate(names)}
    )
    app = web.Application(middlewares=[there.checked])
    base = "/v1/pages/{page}"
    app.add_routes(
        [
            web.get(base, there.do_page),
            web.get(f"{base}/components", there.do_components), web.get(f"{base}/incidents", there.do_listed),
            web.post(f"{base}/incidents", there.do_create), web.get(f"{base}/incidents/{{incident}}", there.do_read),
            web.patch(f"{base}/incidents/{{incident}}", there.do_change),
            web.patch(f"{base}/incidents/{{incident}}/incident_updates/{{update}}", there.do_tune),
        ]
    )  # fmt: skip
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield there
    finally:
        await runner.cleanup()

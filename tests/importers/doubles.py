"""Vendors on this machine whose read APIs answer as their references say: paged, limited in rate, refusing other keys.

Opsgenie: https://docs.opsgenie.com/docs/api-overview, its pages on pagination and on rate limiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "11111111-2222-3333-4444-555555555555"
Raw = dict[str, Any]


@dataclass(slots=True)
class OpsgenieDouble:
    """An account. `refuse_every`: each so-manieth request is refused with 429; `forbidden`: paths that answer 403."""

    users: list[Raw] = field(default_factory=list)
    contacts: dict[str, list[Raw]] = field(default_factory=dict)  # by user
    rules: dict[str, list[Raw]] = field(default_factory=dict)  # by user, with their steps
    teams: list[Raw] = field(default_factory=list)  # with their members
    routing: dict[str, list[Raw]] = field(default_factory=dict)  # by team
    schedules: list[Raw] = field(default_factory=list)  # with their rotations
    overrides: dict[str, list[Raw]] = field(default_factory=dict)  # by schedule
    timelines: dict[str, Any] = field(default_factory=dict)  # by schedule: a function of start and days
    on_calls: dict[str, Any] = field(default_factory=dict)  # by schedule: a function of the instant
    escalations: list[Raw] = field(default_factory=list)
    services: list[Raw] = field(default_factory=list)
    integrations: list[Raw] = field(default_factory=list)
    heartbeats: list[Raw] = field(default_factory=list)
    maintenance: list[Raw] = field(default_factory=list)
    forwarding: list[Raw] = field(default_factory=list)
    policies: list[Raw] = field(default_factory=list)
    team_policies: dict[str, list[Raw]] = field(default_factory=dict)  # for notifications, by team
    incident_rules: dict[str, list[Raw]] = field(default_factory=dict)  # by service
    others: dict[str, list[Raw]] = field(default_factory=dict)  # by path: templates, searches, roles
    alerts: list[Raw] = field(default_factory=list)
    alert_notes: dict[str, list[Raw]] = field(default_factory=dict)
    incidents: list[Raw] = field(default_factory=list)
    incident_timelines: dict[str, list[Raw]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    refuse_every: int = 0
    die_after: int = 0  # requests; then it is down
    asked: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        assert request.method == "GET", "an importer only reads"
        self.asked[request.path] += 1
        total = sum(self.asked.values())
        if self.die_after and total > self.die_after:
            return _answer(503, {"message": "Down for maintenance"})
        if request.headers.get("Authorization") != f"GenieKey {KEY}":
            return _answer(401, {"message": "Could not authenticate", "took": 0.001, "requestId": "r"})
        if self.refuse_every and total % self.refuse_every == 0:
            self.refused += 1
            headers = {"Retry-After": "0", "X-RateLimit-State": "THROTTLED", "X-RateLimit-Reason": "ACCOUNT"}
            return _answer(429, {"message": "You are making too many requests!"}, headers)
        if request.path.lstrip("/") in self.forbidden:
            return _answer(403, {"message": "Your plan does not have this feature", "code": 40302})
        return self._route(request)

    def _route(self, request: web.Request) -> web.StreamResponse:  # noqa: C901, PLR0911, PLR0912 - a table of paths
        match request.path.strip("/").split("/"):
            case ["v2", "users"]:
                return self._page(request, self.users)
            case ["v2", "users", user, "contacts"]:
                return _data(self.contacts.get(user, []))
            case ["v2", "users", user, "notification-rules"]:
                return _data([_without(rule, "steps") for rule in self.rules.get(user, [])])
            case ["v2", "users", user, "notification-rules", rule]:
                return _one(self.rules.get(user, []), rule)
            case ["v2", "teams"]:
                return _data([_without(team, "members") for team in self.teams])
            case ["v2", "teams", team]:
                return _one(self.teams, team)
            case ["v2", "teams", team, "routing-rules"]:
                return _data(self.routing.get(team, []))
            case ["v2", "schedules"]:
                expand = request.query.get("expand") == "rotation"
                return self._page(request, [each if expand else _without(each, "rotations") for each in self.schedules])
            case ["v2", "schedules", schedule, "overrides"]:
                return _data(self.overrides.get(schedule, []))
            case ["v2", "schedules", schedule, "timeline"]:
                render = self.timelines[schedule]
                return _data(render(request.query["date"], int(request.query["interval"])))
            case ["v2", "schedules", schedule, "on-calls"]:
                assert (request.query["flat"], request.query["scheduleIdentifierType"]) == ("true", "id")
                if schedule not in self.on_calls:
                    return _answer(404, {"message": "No such schedule"})
                recipients = self.on_calls[schedule](request.query["date"])
                return _data({"_parent": {"id": schedule, "enabled": True}, "onCallRecipients": recipients})
            case ["v2", "escalations"]:
                return _data(self.escalations)
            case ["v1", "services"]:
                return self._page(request, self.services)
            case ["v2", "integrations"]:
                return _data(self.integrations)
            case ["v2", "heartbeats"]:
                return _data({"heartbeats": self.heartbeats})
            case ["v1", "maintenance"]:
                return _data(self.maintenance)
            case ["v2", "forwarding-rules"]:
                return _data(self.forwarding)
            case ["v2", "policies", "alert"]:
                return _data(self.policies if "teamId" not in request.query else [])
            case ["v2", "policies", "notification"]:
                return _data(self.team_policies.get(request.query.get("teamId", ""), []))
            case ["v1", "services", service, "incident-rules"]:
                return _data(self.incident_rules.get(service, []))
            case ["v1", "incident-templates"] | ["v2", "alerts", "saved-searches"] | ["v2", "roles"]:
                return self._page(request, self.others.get(request.path.strip("/"), []))
            case ["v2", "alerts"]:
                return self._page(request, self.alerts)
            case ["v2", "alerts", alert, "notes"]:
                return _data(self.alert_notes.get(alert, []))
            case ["v1", "incidents"]:
                return self._page(request, self.incidents)
            case ["v2", "incident-timelines", incident, "entries"]:
                return _answer(200, {"data": {"entries": self.incident_timelines.get(incident, [])}})
        return _answer(404, {"message": "No such path"})

    def _page(self, request: web.Request, items: list[Raw]) -> web.StreamResponse:
        limit, offset = min(int(request.query.get("limit", 20)), 100), int(request.query.get("offset", 0))
        paging: Raw = {"first": f"{self.url}{request.path}?limit={limit}&offset=0"}
        if offset + limit < len(items):
            paging["next"] = f"http://elsewhere.invalid{request.path}?limit={limit}&offset={offset + limit}"
        return _answer(200, {"totalCount": len(items), "data": items[offset : offset + limit], "paging": paging})


def _data(data: Any) -> web.StreamResponse:
    return _answer(200, {"data": data, "took": 0.01, "requestId": "r"})


def _one(items: list[Raw], identity: str) -> web.StreamResponse:
    item = next((each for each in items if each["id"] == identity), None)
    return _data(item) if item is not None else _answer(404, {"message": "No such thing"})


def _without(item: Raw, name: str) -> Raw:
    return {key: value for key, value in item.items() if key != name}


def _answer(status: int, body: Any, headers: dict[str, str] | None = None) -> web.StreamResponse:
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def serving(double: Any) -> AsyncIterator[str]:
    """Serve a double. Its address is in `url` as well."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", double.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double.url
    finally:
        await runner.cleanup()

"""PagerDuty's read API on this machine: https://developer.pagerduty.com/api-reference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.importers.doubles import KEY

Raw = dict[str, Any]
_LISTS = {
    "users", "teams", "schedules", "escalation_policies", "services", "priorities", "maintenance_windows",
    "business_services", "incidents", "rulesets", "extensions", "webhook_subscriptions", "incident_workflows",
}  # fmt: skip


@dataclass(slots=True)
class PagerDutyDouble:
    """An account: lists by their names, and what belongs to one of their items by its path."""

    lists: dict[str, list[Raw]] = field(default_factory=dict)
    members: dict[str, list[Raw]] = field(default_factory=dict)  # by team
    overrides: dict[str, list[Raw]] = field(default_factory=dict)  # by schedule
    entries: dict[str, Any] = field(default_factory=dict)  # by schedule: a function of since and until
    logs: dict[str, list[Raw]] = field(default_factory=dict)  # by incident
    forbidden: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        assert request.method == "GET", "an importer only reads"
        self.asked[request.path] += 1
        if request.headers.get("Authorization") != f"Token token={KEY}":
            return web.json_response({"error": {"message": "Unauthorized", "code": 2006}}, status=401)
        parts = request.path.strip("/").split("/")
        if parts[0] in self.forbidden:
            return web.json_response({"error": {"message": "Access Denied", "code": 2010}}, status=403)
        match parts:
            case ["event_orchestrations"]:
                name, items = "orchestrations", self.lists.get("orchestrations", [])
            case ["teams", team, "members"]:
                name, items = "members", self.members.get(team, [])
            case ["incidents", incident, "log_entries"]:
                name, items = "log_entries", self.logs.get(incident, [])
            case [name] if name in _LISTS:
                shown = [_list_item(name, each) for each in self.lists.get(name, [])]
                items = self._of_the_time(request, name, shown)
            case ["schedules", schedule]:
                return self._schedule(request, schedule)
            case ["schedules", schedule, "overrides"]:
                return web.json_response({"overrides": self.overrides.get(schedule, [])})
            case _:
                return web.json_response({"error": {"message": "Not Found", "code": 2100}}, status=404)
        return _page(request, name, items)

    def _of_the_time(self, request: web.Request, name: str, items: list[Raw]) -> list[Raw]:
        if name != "incidents":
            return items
        since, until = (datetime.fromisoformat(request.query[each]) for each in ("since", "until"))
        return [each for each in items if since <= datetime.fromisoformat(each["created_at"]) < until]

    def _schedule(self, request: web.Request, identity: str) -> web.StreamResponse:
        schedule = next(each for each in self.lists["schedules"] if each["id"] == identity)
        if "since" in request.query:
            span = (datetime.fromisoformat(request.query[each]) for each in ("since", "until"))
            final = {"rendered_schedule_entries": self.entries[identity](*span)}
            return web.json_response({"schedule": {**schedule, "final_schedule": final}})
        return web.json_response({"schedule": schedule})


def _list_item(name: str, item: Raw) -> Raw:
    """The list of schedules has no layers."""
    return {key: value for key, value in item.items() if key != "schedule_layers"} if name == "schedules" else item


def _page(request: web.Request, name: str, items: list[Raw]) -> web.StreamResponse:
    limit, offset = min(int(request.query.get("limit", 25)), 100), int(request.query.get("offset", 0))
    page = {"limit": limit, "offset": offset, "more": offset + limit < len(items), "total": None}
    return web.json_response({name: items[offset : offset + limit], **page})

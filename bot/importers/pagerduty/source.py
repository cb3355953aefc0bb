"""Reads a PagerDuty account by its REST API v2.

https://developer.pagerduty.com/docs/rest-api-v2/pagination: lists are paged by `offset` and `limit` (at most 100), and
say with `more` whether there are more; `offset` and `limit` add up to 10,000 at most. Rate limits answer 429:
https://developer.pagerduty.com/docs/72d3b724589e3-rest-api-rate-limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.importers.errors import Forbidden, ImportFailed
from bot.importers.fields import bool_of, id_of, list_of, object_of
from bot.importers.reader import Reader, all_of

PAGE = 100
MOST = 10_000  # of one list
OVERRIDES_BACK, OVERRIDES_AHEAD = timedelta(days=31), timedelta(days=366)
HISTORY = timedelta(days=5 * 366)
_HISTORY_STEP = timedelta(days=180)  # the API looks at so much at once
Raw = Mapping[str, Any]


@dataclass(slots=True)
class PagerDuty:
    """One account. `missing` collects the lists that could not be read: the reason by path."""

    reader: Reader
    missing: dict[str, str]

    async def users(self) -> list[Raw]:
        """Each user, with `contact_methods` and `notification_rules`."""
        return await self._list("users?include[]=contact_methods", "users", {"include[]": "notification_rules"})

    async def teams(self) -> list[Raw]:
        """Each team, with `members`."""
        return await all_of(self._team(team) for team in await self._list("teams", "teams"))

    async def _team(self, team: Raw) -> Raw:
        return {**team, "members": await self._list(f"teams/{_path_part(id_of(team))}/members", "members")}

    async def schedules(self) -> list[Raw]:
        """Each schedule, with `schedule_layers` and `overrides`."""
        return await all_of(self._schedule(schedule) for schedule in await self._list("schedules", "schedules"))

    async def _schedule(self, schedule: Raw) -> Raw:
        path = f"schedules/{_path_part(id_of(schedule))}"
        details = object_of(await self._get(path, {}), "schedule") or schedule
        now = self.reader.now
        span = {"since": rfc3339(now - OVERRIDES_BACK), "until": rfc3339(now + OVERRIDES_AHEAD)}
        overrides = list_of(await self._get(f"{path}/overrides", span), "overrides")
        return {**schedule, **details, "overrides": overrides}

    async def entries(self, schedule: str, since: datetime, until: datetime) -> list[Raw]:
        """The people on call, as PagerDuty renders them: the final schedule."""
        span = {"since": rfc3339(since), "until": rfc3339(until), "time_zone": "UTC"}
        answer = await self._get(f"schedules/{_path_part(schedule)}", span)
        return list_of(object_of(object_of(answer, "schedule"), "final_schedule"), "rendered_schedule_entries")

    async def lists(self) -> dict[str, list[Raw]]:
        """Escalation policies, services with integrations, priorities, and objects without a counterpart in Tocsin."""
        return {
            "escalation_policies": await self._list("escalation_policies", "escalation_policies"),
            "services": await self._list("services", "services", {"include[]": "integrations"}),
            "priorities": await self._list("priorities", "priorities"),
            "maintenance_windows": await self._list("maintenance_windows", "maintenance_windows"),
            "business_services": await self._list("business_services", "business_services"),
            "event_orchestrations": await self._list("event_orchestrations", "orchestrations"),
            "rulesets": await self._list("rulesets", "rulesets"),
            "extensions": await self._list("extensions", "extensions"),
            "webhook_subscriptions": await self._list("webhook_subscriptions", "webhook_subscriptions"),
            "incident_workflows": await self._list("incident_workflows", "incident_workflows"),
        }

    async def incidents(self) -> list[Raw]:
        """Resolved incidents of the past five years, each with `log_entries`."""
        incidents: dict[str, Raw] = {}
        until = self.reader.now
        oldest = until - HISTORY
        while until > oldest:
            since = until - _HISTORY_STEP
            query = {"statuses[]": "resolved", "since": rfc3339(since), "until": rfc3339(until)}
            incidents |= {id_of(incident): incident for incident in await self._list("incidents", "incidents", query)}
            until = since
        return await all_of(self._incident(incident) for incident in incidents.values())

    async def _incident(self, incident: Raw) -> Raw:
        path = f"incidents/{_path_part(id_of(incident))}/log_entries"
        return {**incident, "log_entries": await self._list(path, "log_entries", {"is_overview": "true"})}

    async def _list(self, path: str, name: str, query: Mapping[str, str] | None = None) -> list[Raw]:
        items: list[Raw] = []
        while len(items) < MOST:
            answer = await self._get(path, {**(query or {}), "limit": str(PAGE), "offset": str(len(items))})
            batch = list_of(answer, name)
            items += batch
            if not batch or not bool_of(answer, "more", default=False):
                break
        return items[:MOST]

    async def _get(self, path: str, query: Mapping[str, str]) -> Raw:
        try:
            return await self.reader.get(path, query)
        except Forbidden as refused:
            if path.partition("?")[0] in ("users", "schedules"):
                raise ImportFailed(
                    f"{refused}. Use a read-only key of the whole account as PAGERDUTY_API_TOKEN."
                ) from None
            self.missing.setdefault(path.partition("?")[0], str(refused))
            return {}


def rfc3339(at: datetime) -> str:
    """The instant in PagerDuty's format (RFC 3339)."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _path_part(identity: str) -> str:
    """An ID as part of a path."""
    if not identity.isalnum():
        raise ImportFailed(f"PagerDuty's answer has an ID that cannot be one: {identity[:40]!r}.")
    return identity

"""Reads an Opsgenie account by its REST API.

https://docs.opsgenie.com/docs/api-overview. Lists are paged by `offset` and `limit` (at most 100, https://docs.opsgenie.com/docs/pagination);
rate limits answer 429 (https://docs.opsgenie.com/docs/api-rate-limiting).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.importers.errors import Forbidden, ImportFailed
from bot.importers.fields import id_of, list_of, object_of, text_of
from bot.importers.reader import Reader, all_of

PAGE = 100
MOST_PAGES = 1000  # of one list
MOST_ALERTS = 20_000  # `offset` and `limit` of alerts may not add up to more
Raw = Mapping[str, Any]


@dataclass(slots=True)
class Opsgenie:
    """One account. `missing` collects the lists that could not be read: the reason by path."""

    reader: Reader
    missing: dict[str, str]

    async def users(self) -> list[Raw]:
        """Each user, with `contacts` and `rules`; the rule for new alerts has its `steps`."""
        users = await self._list("v2/users")
        return await all_of(self._user(user) for user in users)

    async def _user(self, user: Raw) -> Raw:
        path = f"v2/users/{_path_part(id_of(user))}"
        contacts = await self._list(f"{path}/contacts")
        rules = [await self._rule(path, rule) for rule in await self._list(f"{path}/notification-rules")]
        return {**user, "contacts": contacts, "rules": rules}

    async def _rule(self, path: str, rule: Raw) -> Raw:
        if text_of(rule, "actionType") != "create-alert":
            return rule
        return await self._one(f"{path}/notification-rules/{_path_part(id_of(rule))}") or rule

    async def teams(self) -> list[Raw]:
        """Each team, with `members` and `routing`."""
        return await all_of(self._team(team) for team in await self._list("v2/teams"))

    async def _team(self, team: Raw) -> Raw:
        path = f"v2/teams/{_path_part(id_of(team))}"
        details = await self._one(path) or team
        return {**team, **details, "routing": await self._list(f"{path}/routing-rules")}

    async def schedules(self) -> list[Raw]:
        """Each schedule, with `rotations` and `overrides`."""
        schedules = await self._list("v2/schedules", {"expand": "rotation"})
        return await all_of(self._schedule(schedule) for schedule in schedules)

    async def _schedule(self, schedule: Raw) -> Raw:
        return {**schedule, "overrides": await self._list(f"v2/schedules/{_path_part(id_of(schedule))}/overrides")}

    async def escalations(self) -> list[Raw]:
        """Each escalation, with `rules`."""
        return await self._list("v2/escalations")

    async def services(self) -> list[Raw]:
        """Each service. Plans without services answer 403."""
        return await self._list("v1/services")

    async def integrations(self) -> list[Raw]:
        """Each integration."""
        return await self._list("v2/integrations")

    async def unsupported(self, teams: Sequence[Raw], services: Sequence[Raw]) -> dict[str, list[Raw]]:
        """The objects without a counterpart in Tocsin, by kind, those of the account and of its teams and services."""
        policies = {
            kind: [await self._list(f"v2/policies/{kind}"), *await self._of_teams(f"v2/policies/{kind}", teams)]
            for kind in ("alert", "notification")
        }
        rules = await all_of(
            self._list(f"v1/services/{_path_part(id_of(service))}/incident-rules") for service in services
        )
        return {
            "heartbeat": await self._heartbeats(),
            "maintenance": await self._list("v1/maintenance"),
            "forwarding_rule": await self._list("v2/forwarding-rules"),
            "alert_policy": _deduplicate(policies["alert"]),
            "notification_policy": _deduplicate(policies["notification"]),
            "incident_rule": _deduplicate(rules),
            "incident_template": await self._list("v1/incident-templates"),
            "saved_search": await self._list("v2/alerts/saved-searches"),
            "custom_role": await self._list("v2/roles"),
        }

    async def _of_teams(self, path: str, teams: Sequence[Raw]) -> list[list[Raw]]:
        return await all_of(self._list(path, {"teamId": id_of(team)}) for team in teams)

    async def _heartbeats(self) -> list[Raw]:
        answer = await self._get("v2/heartbeats", {})
        return (
            list_of(answer, "heartbeats") or list_of(object_of(answer, "data"), "heartbeats") or list_of(answer, "data")
        )

    async def alerts(self) -> list[Raw]:
        """Past alerts, newest first; the API reaches back 20,000."""
        query = {"sort": "createdAt", "order": "desc"}
        return await self._list("v2/alerts", query, most=MOST_ALERTS)

    async def incidents(self) -> list[Raw]:
        """Past incidents, newest first."""
        query = {"sort": "createdAt", "order": "desc"}
        incidents = await self._list("v1/incidents", query, most=MOST_ALERTS)
        return await all_of(self._incident(incident) for incident in incidents)

    async def _incident(self, incident: Raw) -> Raw:
        answer = await self._get(f"v2/incident-timelines/{_path_part(id_of(incident))}/entries", {})
        return {**incident, "entries": list_of(object_of(answer, "data"), "entries")}

    async def timeline(self, schedule: str, start: str, days: int) -> Raw:
        """The people on call, as Opsgenie renders them: https://docs.opsgenie.com/docs/schedule-api#get-schedule-timeline."""
        query = {"identifierType": "id", "interval": str(days), "intervalUnit": "days", "date": start}
        return await self._one(f"v2/schedules/{_path_part(schedule)}/timeline", query) or {}

    async def _list(
        self, path: str, query: Mapping[str, str] | None = None, most: int = PAGE * MOST_PAGES
    ) -> list[Raw]:
        """All pages of a list. An endless or repeating list ends at `most`."""
        items: list[Raw] = []
        while len(items) < most:
            page = {**(query or {}), "limit": str(PAGE), "offset": str(len(items))}
            answer = await self._get(path, page)
            batch = list_of(answer, "data")
            items += batch
            if not batch or not text_of(object_of(answer, "paging"), "next", 2000):
                return items[:most]
        return items[:most]

    async def _one(self, path: str, query: Mapping[str, str] | None = None) -> Raw:
        return object_of(await self._get(path, query or {}), "data")

    async def _get(self, path: str, query: Mapping[str, str]) -> Raw:
        try:
            return await self.reader.get(path, query)
        except Forbidden as refused:
            if path in ("v2/users", "v2/schedules"):
                raise ImportFailed(
                    f"{refused}. Give the key of OPSGENIE_API_KEY the rights Read and Configuration access."
                ) from None
            self.missing.setdefault(path, str(refused))
            return {}


def _deduplicate(lists: Iterable[Sequence[Raw]]) -> list[Raw]:
    """The items of several lists, each once."""
    return list({id_of(item): item for items in lists for item in items}.values())


def _path_part(identity: str) -> str:
    """An ID as part of a path."""
    if not identity or not all(letter.isalnum() or letter in "-_." for letter in identity) or set(identity) <= {"."}:
        raise ImportFailed(f"Opsgenie's answer has an ID that cannot be one: {identity[:40]!r}.")
    return identity

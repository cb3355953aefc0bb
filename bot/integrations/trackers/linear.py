"""Creates, moves and reads issues by Linear's GraphQL API.

https://linear.app/developers/graphql
"""

from __future__ import annotations

import itertools
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.domain.actions.ticket import NewTicket, TicketNews, TicketState, TrackerKind
from bot.domain.actions.ticket_edit import merge_text
from bot.domain.errors import DeliveryError
from bot.integrations import http
from bot.integrations.trackers.hooks import linear_state
from bot.integrations.trackers.protocol import Changes, Created

VENDOR = "Linear"
TEAM = re.compile(r"[A-Z][A-Z0-9]{0,6}")
TITLE = 255
BODY = 60_000
MOST, PAGES = 100, 4
SHORTEST = timedelta(seconds=1)  # of the spans of time that are halved
SKEW = timedelta(minutes=2)
LARGEST_ANSWER = 4 * 1024 * 1024
WAIT_S = 60.0  # after RATELIMITED without a time
NAMESPACE = uuid.UUID("6f1d2f0c-1f3d-4a1e-9d57-7f5c7d6f2c11")
_ISSUE = "id identifier url state { type }"
_TEAM = """query($key: String!) {
  teams(filter: {key: {eq: $key}}) { nodes { id states { nodes { id type position } } } }
}"""
_CREATE = f"mutation($input: IssueCreateInput!) {{ issueCreate(input: $input) {{ success issue {{ {_ISSUE} }} }} }}"
_GET = f"query($id: String!) {{ issue(id: $id) {{ {_ISSUE} title description }} }}"
_CHANGE = "mutation($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success } }"
_CHANGED = f"""query($key: String!, $since: DateTimeOrDuration!, $until: DateTimeOrDuration!, $after: String) {{
  issues(
    first: {MOST}, after: $after, filter: {{team: {{key: {{eq: $key}}}}, updatedAt: {{gt: $since, lte: $until}}}}
  ) {{ nodes {{ {_ISSUE} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""


@dataclass(slots=True)
class Linear:
    """A client with one key. We choose the issue's ID ourselves, so that it cannot be created twice."""

    session: aiohttp.ClientSession
    url: str
    key: str = field(repr=False)
    project: str = ""  # key of the team
    kind: TrackerKind = TrackerKind.LINEAR

    async def project_name(self, project: str) -> str:
        """The team's key; a team that Linear does not show is an error."""
        await self._team(project)
        return project

    async def create(self, project: str, ticket: NewTicket) -> Created:
        """Create an issue. Linear takes labels by ID only: they stand in the text."""
        team = await self._team(project)
        content = {
            "id": issue_id(ticket.key), "teamId": str(team.get("id")), "title": ticket.title[:TITLE],
            "description": _text(ticket),
        }  # fmt: skip
        data = await self._ask(_CREATE, {"input": content})
        return _created((data.get("issueCreate") or {}).get("issue"), ticket)

    async def find(self, project: str, ticket: NewTicket, since: datetime) -> Created | None:
        """Read the issue by the ID that we chose."""
        try:
            data = await self._ask(_GET, {"id": issue_id(ticket.key)})
        except DeliveryError as error:
            if error.permanent:
                return None
            raise
        return _created(data["issue"], ticket) if data.get("issue") else None

    async def edit(self, project: str, external: str, before: NewTicket, after: NewTicket) -> Created:
        """Change an issue's title and our part of its text, in which the labels stand."""
        data = await self._ask(_GET, {"id": external})
        issue, content = data.get("issue") or {}, dict[str, Any]()
        if before.title != after.title:
            content["title"] = after.title[:TITLE]
        if _text(before) != _text(after):
            content["description"] = merge_text(str(issue.get("description") or ""), _text(before), _text(after))
        if content:
            await self._ask(_CHANGE, {"id": external, "input": content})
        return _created(issue, after)

    async def move(self, project: str, external: str, state: TicketState, comment: str) -> None:
        """Give the issue the first workflow state of the wanted type."""
        team = await self._team(project)
        types = {
            TicketState.OPEN: ("unstarted", "backlog", "started"),
            TicketState.DONE: ("completed",),
            TicketState.NOT_DOING: ("canceled", "completed"),
        }.get(state, ())
        nodes = (team.get("states") or {}).get("nodes") or []
        nodes = sorted(nodes, key=lambda node: float(node.get("position") or 0.0))
        chosen = next((node for kind in types for node in nodes if node.get("type") == kind), None)
        if chosen is None:
            raise DeliveryError(
                f"the team {project} has no workflow state of the type {' or '.join(types)}", permanent=True
            )
        await self._ask(_CHANGE, {"id": external, "input": {"stateId": chosen.get("id")}})

    async def changed_since(self, project: str, since: datetime) -> Changes:
        """The team's issues that changed since then.

        Linear lists the latest change first. If there are too many for a few pages, only the first half of the time
        is read, and so on.
        """
        end = datetime.now(UTC) + SKEW
        until = end
        while (nodes := await self._changed(project, since, until)) is None:
            until = since + (until - since) / 2
        news = (TicketNews(self.kind, project, str(node.get("identifier")), _state(node), "") for node in nodes)
        return Changes(tuple(news), until if until < end else None)

    async def _changed(self, project: str, since: datetime, until: datetime) -> list[Mapping[str, Any]] | None:
        """The issues that changed in a span of time; None if they are too many. Those of one second never are."""
        nodes: list[Mapping[str, Any]] = []
        variables: dict[str, Any] = {"key": _key(project), "since": _stamp(since), "until": _stamp(until)}
        for page in itertools.count(1):
            issues = (await self._ask(_CHANGED, variables)).get("issues") or {}
            nodes += issues.get("nodes") or []
            more = issues.get("pageInfo") or {}
            if not more.get("hasNextPage"):
                break
            if page == PAGES and until - since > SHORTEST:
                return None
            variables["after"] = more.get("endCursor")
        return nodes

    async def _team(self, project: str) -> Mapping[str, Any]:
        data = await self._ask(_TEAM, {"key": _key(project)})
        nodes = (data.get("teams") or {}).get("nodes") or []
        if not nodes:
            raise DeliveryError(f"{VENDOR} has no team {project}, or LINEAR_API_KEY may not see it", permanent=True)
        return dict(nodes[0])

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an answer. Errors are in the body, also with status 200 or 400."""
        signed = http.headers(**{"Authorization": self.key, "Content-Type": "application/json"})
        answer = await http.ask(
            self.session, "POST", self.url, VENDOR, (self.key,), largest=LARGEST_ANSWER, headers=signed,
            json={"query": query, "variables": dict(variables)},
        )  # fmt: skip
        errors = answer.data.get("errors")
        if isinstance(errors, list) and errors:
            raise _error(answer, errors[0] if isinstance(errors[0], dict) else {})
        if answer.status != 200:
            raise http.temporary_error(answer, VENDOR) or DeliveryError(_refusal(answer), permanent=True)
        data = answer.data.get("data")
        return data if isinstance(data, dict) else {}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(ticket: NewTicket) -> str:
    labels = f"\n\nLabels: {', '.join(ticket.labels)}" if ticket.labels else ""
    return ticket.body[:BODY] + labels


def issue_id(key: str) -> str:
    """The ID that we choose for a ticket's issue."""
    return str(uuid.uuid5(NAMESPACE, key))


def _state(issue: Mapping[str, Any]) -> TicketState:
    return linear_state(str((issue.get("state") or {}).get("type")))


def _key(project: str) -> str:
    if not TEAM.fullmatch(project):
        raise DeliveryError("the team is no key such as ENG; check the settings", permanent=True)
    return project


def _created(issue: Any, ticket: NewTicket) -> Created:
    if not isinstance(issue, dict) or not issue.get("identifier"):
        raise DeliveryError(f"{VENDOR} answered without the issue", uncertain=True)
    return Created(str(issue["identifier"]), str(issue.get("url") or "")[:2000], ticket.labels, ())


def _error(answer: http.Answer, error: Mapping[str, Any]) -> DeliveryError:
    code = str((error.get("extensions") or {}).get("code") or "")
    if code == "RATELIMITED" or answer.status == 429:
        return DeliveryError(f"{VENDOR} is asked too often", wait_s=answer.retry_after_s or _reset_s(answer))
    if (passing := http.temporary_error(answer, VENDOR)) is not None:
        return passing
    if code == "AUTHENTICATION_ERROR" or answer.status == 401:
        return DeliveryError(f"{VENDOR} refuses it: check LINEAR_API_KEY", permanent=True)
    message = " ".join(str(error.get("message") or "no reason given").split())[:200]
    return DeliveryError(f"{VENDOR} refuses it ({code or answer.status}): {message}", permanent=True)


def _reset_s(answer: http.Answer) -> float:
    """Seconds until the limit is filled up again, by the header in milliseconds since 1970."""
    try:
        reset_s = float(answer.headers.get("x-ratelimit-requests-reset", "")) / 1000
    except ValueError:
        return WAIT_S
    return min(max(1.0, reset_s - time.time()), http.LONGEST_WAIT_S)


def _refusal(answer: http.Answer) -> str:
    hint = "check LINEAR_API_KEY" if answer.status in (401, 403) else answer.text("message") or "no reason given"
    return f"{VENDOR} refuses it ({answer.status}): {hint}"

"""Creates, moves and reads issues by Jira's REST API, version 2, which Cloud and Data Center share.

https://developer.atlassian.com/cloud/jira/platform/rest/v2/
https://developer.atlassian.com/server/jira/platform/rest/
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.domain.actions.ticket import NewTicket, TicketNews, TicketState, TrackerKind
from bot.domain.actions.ticket_edit import changed_list, merge_text
from bot.domain.errors import DeliveryError
from bot.integrations import http
from bot.integrations.trackers.hooks import NOT_DONE, jira_state
from bot.integrations.trackers.protocol import Changes, Created

VENDOR = "Jira"
PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,99}")
SUMMARY = 255
DESCRIPTION = 30_000
MOST = 100
LARGEST_ANSWER = 4 * 1024 * 1024
GRAIN = timedelta(minutes=2)  # JQL counts whole minutes, and we ask for one more
FIELDS = "status,resolution,labels,assignee,updated"


@dataclass(slots=True)
class Jira:
    """A client with one token. An issue is found again by a label that no other has."""

    session: aiohttp.ClientSession
    url: str
    token: str = field(repr=False)
    email: str | None = None  # of Jira Cloud; None: a personal access token of Data Center
    project: str = ""  # key of the project
    issue_type: str = "Task"
    kind: TrackerKind = TrackerKind.JIRA

    async def project_name(self, project: str) -> str:
        """The project's key and name."""
        answer = await self._ask("GET", f"/rest/api/2/project/{_project_key(project)}")
        if answer.status != 200:
            raise _error(answer, project)
        return f"{project} ({answer.text('name')})" if answer.text("name") else project

    async def create(self, project: str, ticket: NewTicket) -> Created:
        """Create an issue. If the project's form has no labels, the issue has none, and the result says so."""
        fields: dict[str, Any] = {
            "project": {"key": _project_key(project)},
            "issuetype": {"name": self.issue_type},
            "summary": ticket.title[:SUMMARY],
            "description": f"{_plain(ticket.body[:DESCRIPTION])}\n\n{marker(ticket.key)}",
            "labels": [*ticket.labels, marker(ticket.key)],
        }
        answer = await self._ask("POST", "/rest/api/2/issue", json={"fields": fields})
        labels: tuple[str, ...] = ticket.labels
        if answer.status == 400 and "labels" in (answer.data.get("errors") or {}):
            del fields["labels"]
            labels = ()
            answer = await self._ask("POST", "/rest/api/2/issue", json={"fields": fields})
        if answer.status != 201:
            raise _error(answer, project)
        key = answer.text("key")
        return Created(key, f"{self.url.rstrip('/')}/browse/{key}", labels, ())

    async def find(self, project: str, ticket: NewTicket, since: datetime) -> Created | None:
        """Look for the ticket's label, and for the same word in the text."""
        word = marker(ticket.key)
        query = f'project = "{_project_key(project)}" AND (labels = "{word}" OR description ~ "\\"{word}\\"")'
        async for issues in self._search(query, project):
            for issue in issues:
                key = str(issue.get("key"))
                labels = tuple(str(label) for label in (issue.get("fields") or {}).get("labels") or ())
                return Created(key, f"{self.url.rstrip('/')}/browse/{key}", labels, ())
        return None

    async def edit(self, project: str, external: str, before: NewTicket, after: NewTicket) -> Created:
        """Change an issue's summary, our part of its description, and our labels where its form has them."""
        path = f"/rest/api/2/issue/{external}"
        answer = await self._ask("GET", path, params={"fields": "summary,description,labels"})
        if answer.status != 200:
            raise _error(answer, project)
        issue_fields, fields = answer.data.get("fields") or {}, dict[str, Any]()
        labels = [str(label) for label in issue_fields.get("labels") or ()]
        if before.title != after.title:
            fields["summary"] = after.title[:SUMMARY]
        if before.body != after.body:
            texts = (_plain(ticket.body[:DESCRIPTION]) for ticket in (before, after))
            fields["description"] = merge_text(str(issue_fields.get("description") or ""), *texts)
        if before.labels != after.labels:
            fields["labels"] = labels = changed_list(labels, before.labels, after.labels)
        answer = await self._ask("PUT", path, json={"fields": fields}) if fields else answer
        if answer.status == 400 and "labels" in (answer.data.get("errors") or {}):
            del fields["labels"]
            labels = []
            answer = await self._ask("PUT", path, json={"fields": fields})
        if answer.status not in (200, 204):
            raise _error(answer, project)
        return Created(external, f"{self.url.rstrip('/')}/browse/{external}", tuple(labels), ())

    async def move(self, project: str, external: str, state: TicketState, comment: str) -> None:
        """Take the transition that leads to the wanted category of status. An issue that is there stays."""
        path = f"/rest/api/2/issue/{external}"
        now = await self._ask("GET", path, params={"fields": FIELDS})
        if now.status != 200:
            raise _error(now, project)
        is_open = jira_state(now.data.get("fields") or {}) is TicketState.OPEN
        if is_open == (state is TicketState.OPEN):
            return
        answer = await self._ask("GET", f"{path}/transitions")
        if answer.status != 200:
            raise _error(answer, project)
        transition = _transition(answer.data.get("transitions"), state)
        if transition is None:
            target = "an open status" if state is TicketState.OPEN else "a status of the category Done"
            raise DeliveryError(f"the workflow of {external} has no way to {target} from here", permanent=True)
        moved = await self._ask("POST", f"{path}/transitions", json={"transition": {"id": transition}})
        if moved.status not in (200, 204):
            raise _error(moved, project)

    async def changed_since(self, project: str, since: datetime) -> Changes:
        """The project's issues that changed since then. JQL counts in minutes, so the first issues may come twice."""
        minutes = max(1, int((datetime.now(UTC) - since).total_seconds() // 60) + 1)
        query = f'project = "{_project_key(project)}" AND updated >= "-{minutes}m" ORDER BY updated ASC'
        issues, read_to = list[dict[str, Any]](), None
        async for page in self._search(query, project):
            issues += page
            last = _changed_at(page[-1]) if len(page) >= MOST else None
            if last is not None and last > since + GRAIN:
                read_to = last
                break
        news = [
            TicketNews(self.kind, project, str(issue.get("key")), jira_state(issue.get("fields") or {}), "")
            for issue in issues
        ]
        return Changes(tuple(news), read_to)

    async def _search(self, query: str, project: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The issues of a query by pages. Cloud has removed the older path, which Data Center still has."""
        path = "/rest/api/3/search/jql" if self.email else "/rest/api/2/search"
        params = {"jql": query, "fields": FIELDS, "maxResults": str(MOST)}
        count = 0
        while True:
            answer = await self._ask("GET", path, params=params)
            if answer.status != 200:
                raise _error(answer, project)
            issues = answer.data.get("issues")
            page = [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
            yield page
            count += len(page)
            token = answer.text("nextPageToken")
            if not page or not (token if self.email else count < _total(answer)):
                return
            params |= {"nextPageToken": token} if self.email else {"startAt": str(count)}

    async def _ask(self, method: str, path: str, **how: Any) -> http.Answer:
        credentials = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        proof = f"Basic {credentials}" if self.email else f"Bearer {self.token}"
        signed = http.headers(Authorization=proof, Accept="application/json")
        return await http.ask(
            self.session, method, self.url.rstrip("/") + path, VENDOR, (self.token, credentials),
            largest=LARGEST_ANSWER, headers=signed, **how,
        )  # fmt: skip


def _changed_at(issue: Mapping[str, Any]) -> datetime | None:
    """When an issue changed; Jira writes `2026-06-15T12:00:00.000+0000`. None where that cannot be read."""
    try:
        return datetime.strptime(str((issue.get("fields") or {}).get("updated")), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


def _total(answer: http.Answer) -> int:
    total = answer.data.get("total")
    return total if isinstance(total, int) else 0


def marker(key: str) -> str:
    """The label by which an issue is found again."""
    return f"tocsin-{key}"


def _project_key(project: str) -> str:
    if not PROJECT.fullmatch(project):
        raise DeliveryError("the project is no key such as OPS; check the settings", permanent=True)
    return project


def _transition(transitions: Any, state: TicketState) -> str | None:
    """The ID of the transition that fits best; None where there is none."""
    rows = [row for row in transitions if isinstance(row, dict)] if isinstance(transitions, list) else []
    is_done = state is not TicketState.OPEN
    fitting = [transition for transition in rows if (_category(transition) == "done") is is_done]
    status_names = (
        NOT_DONE | {"cancelled", "canceled"} if state is TicketState.NOT_DOING else frozenset({"done", "closed"})
    )
    fitting.sort(key=lambda transition: str((transition.get("to") or {}).get("name", "")).lower() not in status_names)
    return str(fitting[0].get("id")) if fitting else None


def _category(transition: Mapping[str, Any]) -> str:
    status = transition.get("to") or {}
    return str((status.get("statusCategory") or {}).get("key"))


def _plain(markdown: str) -> str:
    """The ticket's Markdown in Jira's own notation: bold, and links."""
    bold = markdown.replace("**", "*")
    return re.sub(r"\[([^\]]+)\]\((https?://[^)\s]+)\)", r"[\1|\2]", bold)


def _error(answer: http.Answer, project: str) -> DeliveryError:
    if (passing := http.temporary_error(answer, VENDOR)) is not None:
        return passing
    errors = answer.data.get("errors")
    detail = "; ".join(f"{name}: {reason}" for name, reason in errors.items()) if isinstance(errors, dict) else ""
    messages = answer.data.get("errorMessages")
    detail = detail or ("; ".join(str(message) for message in messages) if isinstance(messages, list) else "")
    hint = {
        401: "check JIRA_EMAIL and JIRA_API_TOKEN",
        403: "JIRA_API_TOKEN may not do that",
        404: f"there is no such issue or project in {project}, or the token may not see it",
    }.get(answer.status)
    reason = hint or " ".join(detail.split())[:200] or "no reason given"
    return DeliveryError(f"{VENDOR} refuses it ({answer.status}): {reason}", permanent=True)

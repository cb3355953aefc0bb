"""Creates, closes and reads issues by GitHub's REST API.

https://docs.github.com/en/rest/issues/issues
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.domain.actions.ticket import NewTicket, TicketNews, TicketState, TrackerKind
from bot.domain.actions.ticket_edit import changed_list, merge_text
from bot.domain.errors import DeliveryError
from bot.integrations import http
from bot.integrations.trackers.protocol import Changes, Created

VENDOR = "GitHub"
API_VERSION = "2022-11-28"
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
TITLE = 256  # GitHub refuses longer ones
BODY = 65_000
PAGE = 50
PAGES = 4  # that are looked through for one issue
LARGEST_ANSWER = 4 * 1024 * 1024  # of a page of issues with long texts
SKEW = timedelta(minutes=2)
# For a secondary limit without `Retry-After`: “wait for at least one minute before retrying”.
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
SECONDARY_WAIT_S = 60.0


@dataclass(slots=True)
class GitHub:
    """A client with one token. GitHub has no idempotency key: a marker in the issue's text is looked for instead."""

    session: aiohttp.ClientSession
    url: str
    token: str = field(repr=False)
    project: str = ""  # owner/name
    kind: TrackerKind = TrackerKind.GITHUB

    async def project_name(self, project: str) -> str:
        """The repository's full name. A repository without issues is an error."""
        answer = await self._ask("GET", self._issues(project).removesuffix("/issues"))
        if answer.status != 200:
            raise _error(answer, project)
        if answer.data.get("has_issues") is False:
            raise DeliveryError(f"{project} has no issues; enable them in the repository's settings", permanent=True)
        return answer.text("full_name") or project

    async def create(self, project: str, ticket: NewTicket) -> Created:
        """Create an issue. GitHub silently drops labels and assignees that the token may not set."""
        content: dict[str, Any] = {
            "title": ticket.title[:TITLE],
            "body": f"{ticket.body[:BODY]}\n\n{marker(ticket.key)}",
            "labels": list(ticket.labels),
        }
        if ticket.assignee:
            content["assignees"] = [ticket.assignee]
        answer = await self._ask("POST", f"{self._issues(project)}", json=content)
        if answer.status == 201:
            return _created(answer.data)
        raise _error(answer, project)

    async def find(self, project: str, ticket: NewTicket, since: datetime) -> Created | None:
        """Look through the issues that changed since then for the ticket's marker."""
        pages = 0
        async for issues in self._pages(project, since - SKEW):
            for issue in issues:
                if marker(ticket.key) in str(issue.get("body") or ""):
                    return _created(issue)
            pages += 1
            if pages == PAGES:
                break
        return None

    async def edit(self, project: str, external: str, before: NewTicket, after: NewTicket) -> Created:
        """Change an issue's title, our part of its text, and our labels and assignee."""
        path = f"{self._issues(project)}/{external}"
        answer = await self._ask("GET", path)
        if answer.status != 200:
            raise _error(answer, project)
        existing, content = _created(answer.data), dict[str, Any]()
        if before.title != after.title:
            content["title"] = after.title[:TITLE]
        if before.body != after.body:
            content["body"] = merge_text(str(answer.data.get("body") or ""), before.body[:BODY], after.body[:BODY])
        if before.labels != after.labels:
            content["labels"] = changed_list(list(existing.labels), before.labels, after.labels)
        if before.assignee != after.assignee:
            content["assignees"] = changed_list(list(existing.assignees), _one(before.assignee), _one(after.assignee))
        if content:
            answer = await self._ask("PATCH", path, json=content)
            if answer.status != 200:
                raise _error(answer, project)
        return _created(answer.data)

    async def move(self, project: str, external: str, state: TicketState, comment: str) -> None:
        """Close an issue as completed or as not planned, or reopen it."""
        content = {"state": "open", "state_reason": "reopened"}
        if state is not TicketState.OPEN:
            reason = "completed" if state is TicketState.DONE else "not_planned"
            content = {"state": "closed", "state_reason": reason}
        answer = await self._ask("PATCH", f"{self._issues(project)}/{external}", json=content)
        if answer.status != 200:
            raise _error(answer, project)

    async def changed_since(self, project: str, since: datetime) -> Changes:
        """The issues that changed since then: one page, or as many as have changes of the same second."""
        issues, read_to = list[dict[str, Any]](), None
        async for rows in self._pages(project, since):
            issues += rows
            last = _changed_at(rows[-1]) if len(rows) == PAGE else None
            if last is not None and last > since:
                read_to = last
                break
        tickets = [issue for issue in issues if "pull_request" not in issue]
        news = (TicketNews(self.kind, project, str(issue.get("number")), state_of(issue), "") for issue in tickets)
        return Changes(tuple(news), read_to)

    async def _pages(self, project: str, since: datetime) -> AsyncIterator[list[dict[str, Any]]]:
        """The issues and pull requests that changed since then, the oldest change first."""
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {"state": "all", "since": stamp, "sort": "updated", "direction": "asc", "per_page": str(PAGE)}
        for page in itertools.count(1):
            answer = await self._ask("GET", self._issues(project), params={**query, "page": str(page)})
            if answer.status != 200:
                raise _error(answer, project)
            rows = [row for row in answer.rows if isinstance(row, dict)]
            yield rows
            if len(rows) < PAGE:
                return

    def _issues(self, project: str) -> str:
        if not REPOSITORY.fullmatch(project):
            raise DeliveryError("the repository is not of the form owner/name; check the settings", permanent=True)
        return f"/repos/{project}/issues"

    async def _ask(self, method: str, path: str, **how: Any) -> http.Answer:
        signed = http.headers(
            **{
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            }
        )
        url = self.url.rstrip("/") + path
        return await http.ask(
            self.session, method, url, VENDOR, (self.token,), largest=LARGEST_ANSWER, headers=signed, **how
        )


def _one(login: str | None) -> tuple[str, ...]:
    return (login,) if login else ()


def _changed_at(issue: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(issue.get("updated_at")))
    except ValueError:
        return None


def marker(key: str) -> str:
    """The comment in an issue's text by which it is found again; readers do not see it."""
    return f"<!-- tocsin:{key} -->"


def state_of(issue: Mapping[str, Any]) -> TicketState:
    """The state of an issue, as GitHub reports it."""
    if issue.get("state") != "closed":
        return TicketState.OPEN
    return TicketState.NOT_DOING if issue.get("state_reason") in ("not_planned", "duplicate") else TicketState.DONE


def _created(issue: Mapping[str, Any]) -> Created:
    labels = [str(label.get("name")) for label in issue.get("labels") or () if isinstance(label, dict)]
    people = [str(person.get("login")) for person in issue.get("assignees") or () if isinstance(person, dict)]
    return Created(str(issue.get("number")), str(issue.get("html_url") or "")[:2000], tuple(labels), tuple(people))


def _error(answer: http.Answer, project: str) -> DeliveryError:
    """The error of an answer. A limit is 403 or 429, and says by a header or by words that it is one."""
    message = answer.text("message")
    if answer.status in (403, 429) and (wait_s := _rate_limit_wait_s(answer, message)) is not None:
        return DeliveryError(f"{VENDOR} is asked too often ({answer.status})", wait_s=wait_s)
    if (passing := http.temporary_error(answer, VENDOR)) is not None:
        return passing
    hint = {
        401: "check GITHUB_TOKEN",
        403: "GITHUB_TOKEN may not write issues there",
        404: f"there is no repository {project}, or GITHUB_TOKEN may not see it",
        410: f"{project} has no issues, or this one was deleted",
    }.get(answer.status)
    return DeliveryError(
        f"{VENDOR} refuses it ({answer.status}): {hint or message or 'no reason given'}", permanent=True
    )


def _rate_limit_wait_s(answer: http.Answer, said: str) -> float | None:
    """Seconds to wait, if the answer is a rate limit; else None."""
    if answer.retry_after_s is not None:
        return answer.retry_after_s
    if answer.headers.get("x-ratelimit-remaining") == "0":
        try:
            return min(max(1.0, float(answer.headers.get("x-ratelimit-reset", "")) - time.time()), http.LONGEST_WAIT_S)
        except ValueError:
            return SECONDARY_WAIT_S
    return SECONDARY_WAIT_S if answer.status == 429 or "rate limit" in said.lower() else None

"""A GitHub on this machine, after the reference of its REST API: issues are created, listed and changed.

https://docs.github.com/en/rest/issues/issues (create, list, update), https://docs.github.com/en/webhooks (signatures).
Without push access labels and assignees “are silently dropped”.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from tests.integrations.doubles import Asked, Double, Reply

TOKEN, SECRET, REPOSITORY = "ghp_0123456789abcdef", "github-hook-secret", "acme/app"


@dataclass(slots=True)
class GitHubDouble(Double):
    """Keeps issues by repository. `hurt` is awaited after an issue is created and before the answer."""

    issues: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {REPOSITORY: [], "acme/checkout": []})
    may_push: bool = True
    hurt: Callable[[], Awaitable[None]] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        hurt = self.hurt if request.method == "POST" and not self.replies else None
        answer = await Double.handle(self, request)
        if hurt is not None:
            self.hurt = None
            await hurt()
        return answer

    def usual(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"message": "Bad credentials"})
        _, _, owner, name, *rest = asked.path.split("/")
        issues, number = self.issues.get(f"{owner}/{name}"), rest[1:]
        if issues is None:
            return Reply(404, {"message": "Not Found"})
        if not rest:
            return Reply(200, {"full_name": f"{owner}/{name}", "has_issues": True})
        if asked.method == "POST":
            return self._create(f"{owner}/{name}", asked.json)
        if asked.method == "PATCH":
            issue = next((each for each in issues if str(each["number"]) == number[0]), None)
            if issue is None:
                return Reply(404, {"message": "Not Found"})
            return Reply(200, self._change(issue, asked.json))
        if number:
            issue = next((each for each in issues if str(each["number"]) == number[0]), None)
            return Reply(404, {"message": "Not Found"}) if issue is None else Reply(200, issue)
        since = asked.query.get("since", "")
        page, size = int(asked.query.get("page", "1")), int(asked.query.get("per_page", "30"))
        found = sorted((i for i in issues if i["updated_at"] >= since), key=lambda each: str(each["updated_at"]))
        return Reply(200, found[(page - 1) * size : page * size])

    def _create(self, repository: str, given: dict[str, Any]) -> Reply:
        if not given.get("title") or len(given["title"]) > 256:
            return Reply(422, {"message": "Validation Failed"})
        issues = self.issues[repository]
        issue = {
            "number": len(issues) + 1,
            "html_url": f"https://github.com/{repository}/issues/{len(issues) + 1}",
            "title": given["title"],
            "body": given.get("body"),
            "state": "open",
            "state_reason": None,
            "labels": [{"name": name} for name in given.get("labels", ())] if self.may_push else [],
            "assignees": [{"login": name} for name in given.get("assignees", ())] if self.may_push else [],
            "updated_at": now(),
        }
        issues.append(issue)
        return Reply(201, issue)

    def _change(self, issue: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        issue |= {name: value for name, value in given.items() if name in ("state", "state_reason", "title", "body")}
        if "labels" in given and self.may_push:
            issue["labels"] = [{"name": name} for name in given["labels"]]
        if "assignees" in given and self.may_push:
            issue["assignees"] = [{"login": name} for name in given["assignees"]]
        issue["updated_at"] = now()
        return issue

    def close(self, number: int, reason: str = "completed", repository: str = REPOSITORY) -> dict[str, Any]:
        """As a person does on the page."""
        issue = self.issues[repository][number - 1]
        return self._change(issue, {"state": "closed", "state_reason": reason})

    def reopen(self, number: int, repository: str = REPOSITORY) -> dict[str, Any]:
        return self._change(self.issues[repository][number - 1], {"state": "open", "state_reason": "reopened"})

    def posted(self, method: str = "POST") -> list[Any]:
        return [asked.json for asked in self.asked if asked.method == method]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(action: str, issue: dict[str, Any], repository: str = REPOSITORY, login: str = "octocat") -> dict[str, Any]:
    return {
        "action": action,
        "issue": issue,
        "repository": {"full_name": repository},
        "sender": {"login": login},
    }


async def hooked(
    port: int, content: dict[str, Any], delivery: str = "d-1", secret: str = SECRET, kind: str = "issues"
) -> tuple[int, dict[str, Any]]:
    """Send a webhook as GitHub does."""
    body = json.dumps(content).encode()
    headers = {
        "X-GitHub-Event": kind,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }
    url = f"http://127.0.0.1:{port}/hooks/github"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.json()

"""A Jira and a Linear on this machine, after their references.

Jira: https://developer.atlassian.com/cloud/jira/platform/rest/v2/ (issues, transitions), `/rest/api/3/search/jql` on
Cloud, `/rest/api/2/search` on Data Center. Linear: https://linear.app/developers/graphql
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integrations.doubles import Asked, Double, Reply

EMAIL, TOKEN, KEY = "ops@example.com", "jira-token-0123456789", "lin_api_0123456789"
STATUSES = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}


@dataclass(slots=True)
class JiraDouble(Double):
    """Keeps the issues of the project OPS. `cloud` decides how it is asked."""

    cloud: bool = True
    with_labels: bool = True
    issues: list[dict[str, Any]] = field(default_factory=list)

    def usual(self, asked: Asked) -> Reply:
        proof = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        if asked.headers.get("Authorization") != (f"Basic {proof}" if self.cloud else f"Bearer {TOKEN}"):
            return Reply(401, {"errorMessages": ["You do not have permission"]})
        if asked.path in ("/rest/api/3/search/jql", "/rest/api/2/search"):
            if self.cloud != asked.path.endswith("jql"):
                return Reply(410, {"errorMessages": ["The requested API has been removed"]})
            return Reply(200, self._page(self._found(asked.query["jql"]), asked.query))
        if asked.path == "/rest/api/2/project/OPS":
            return Reply(200, {"key": "OPS", "name": "Operations"})
        if asked.path == "/rest/api/2/issue":
            return self._create(asked.json["fields"])
        return self._of_issue(asked)

    def _of_issue(self, asked: Asked) -> Reply:
        key, rest = re.fullmatch(r"/rest/api/2/issue/([A-Z]+-\d+)(/transitions)?", asked.path).groups()  # type: ignore[union-attr]
        issue = next((each for each in self.issues if each["key"] == key), None)
        if issue is None:
            return Reply(404, {"errorMessages": ["Issue does not exist"]})
        if asked.method in ("POST", "PUT"):
            return self._changed(issue, asked)
        if rest:
            ways = [("11", "new"), ("31", "done")]
            to = [{"id": way, "to": {"name": STATUSES[kind], "statusCategory": {"key": kind}}} for way, kind in ways]
            return Reply(200, {"transitions": to})
        return Reply(200, issue)

    def _changed(self, issue: dict[str, Any], asked: Asked) -> Reply:
        if asked.method == "POST":
            self.move(issue["key"], {"11": "new", "31": "done"}[asked.json["transition"]["id"]])
        else:
            issue["fields"] |= asked.json["fields"]
        return Reply(204)

    def _create(self, fields: dict[str, Any]) -> Reply:
        if not self.with_labels and "labels" in fields:
            said = "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown."
            return Reply(400, {"errorMessages": [], "errors": {"labels": said}})
        key = f"{fields['project']['key']}-{len(self.issues) + 1}"
        plain = {"status": status("new"), "resolution": None, "updated": jira_time(datetime.now(UTC))}
        self.issues.append({"key": key, "fields": {**fields, **plain}})
        return Reply(201, {"id": str(10000 + len(self.issues)), "key": key})

    def _found(self, query: str) -> list[dict[str, Any]]:
        word, minutes = re.search(r'labels = "([^"]+)"', query), re.search(r'updated >= "-(\d+)m"', query)
        since = jira_time(datetime.now(UTC) - timedelta(minutes=int(minutes[1]))) if minutes else ""
        listed = [each for each in self.issues if word is None or word[1] in str(each)]
        return sorted((each for each in listed if _updated(each) >= since), key=_updated)

    def _page(self, found: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
        """Cloud names the next page by a token and tells no total; Data Center counts."""
        size, start = int(query["maxResults"]), int(query.get("nextPageToken" if self.cloud else "startAt", "0"))
        page = {"issues": found[start : start + size]}
        if not self.cloud:
            return page | {"total": len(found), "startAt": start}
        return page | ({"nextPageToken": str(start + size)} if start + size < len(found) else {"isLast": True})

    def move(self, key: str, category: str) -> dict[str, Any]:
        issue = next(each for each in self.issues if each["key"] == key)
        issue["fields"]["status"] = status(category)
        issue["fields"]["resolution"] = {"name": "Done"} if category == "done" else None
        issue["fields"]["updated"] = jira_time(datetime.now(UTC))
        return issue


def jira_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _updated(issue: dict[str, Any]) -> str:
    return str(issue["fields"]["updated"])


def status(category: str) -> dict[str, Any]:
    return {"name": STATUSES[category], "statusCategory": {"key": category}}


@dataclass(slots=True)
class LinearDouble(Double):
    """Keeps the issues of the team ENG."""

    issues: dict[str, dict[str, Any]] = field(default_factory=dict)  # by ID

    def usual(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != KEY:
            said = {"message": "Authentication required", "extensions": {"code": "AUTHENTICATION_ERROR"}}
            return Reply(401, {"errors": [said]})
        query, variables = asked.json["query"], asked.json["variables"]
        if "issueCreate" in query:
            given = variables["input"]
            if given["id"] in self.issues:
                said = {"message": "conflict on insert of Issue", "extensions": {"code": "INPUT_ERROR"}}
                return Reply(200, {"errors": [said], "data": None})
            name = f"ENG-{len(self.issues) + 1}"
            url = f"https://linear.app/acme/issue/{name}"
            at = linear_time(datetime.now(UTC))
            plain = {"identifier": name, "url": url, "state": {"type": "unstarted"}, "updatedAt": at}
            self.issues[given["id"]] = given | plain
            return Reply(200, {"data": {"issueCreate": {"success": True, "issue": self.issues[given["id"]]}}})
        if "issueUpdate" in query:
            return self._updated(variables["id"], variables["input"])
        if "teams(" in query:
            states = [("s-todo", "unstarted"), ("s-done", "completed"), ("s-no", "canceled")]
            nodes = [{"id": name, "type": kind, "position": at} for at, (name, kind) in enumerate(states)]
            return Reply(200, {"data": {"teams": {"nodes": [{"id": "team-1", "states": {"nodes": nodes}}]}}})
        if "issues(" in query:
            return Reply(200, {"data": {"issues": self._page(variables)}})
        issue = self.issues.get(variables["id"]) or self.named(variables["id"])
        if not issue:
            said = {"message": "Entity not found: Issue", "extensions": {"code": "INPUT_ERROR"}}
            return Reply(200, {"errors": [said], "data": None})
        return Reply(200, {"data": {"issue": issue}})

    def _page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The latest change first, a hundred at a time."""
        span = [issue for issue in self.issues.values() if asked["since"] < issue["updatedAt"] <= asked["until"]]
        span.sort(key=lambda issue: str(issue["updatedAt"]), reverse=True)
        end = int(asked.get("after") or 0) + 100
        return {"nodes": span[end - 100 : end], "pageInfo": {"hasNextPage": end < len(span), "endCursor": str(end)}}

    def _updated(self, name: str, given: dict[str, Any]) -> Reply:
        self.named(name).update({key: text for key, text in given.items() if key in ("title", "description")})
        if "stateId" in given:
            self.move(name, {"s-done": "completed", "s-todo": "unstarted", "s-no": "canceled"}[given["stateId"]])
        return Reply(200, {"data": {"issueUpdate": {"success": True}}})

    def move(self, name: str, kind: str) -> dict[str, Any]:
        issue = self.named(name)
        issue |= {"state": {"type": kind}, "updatedAt": linear_time(datetime.now(UTC))}
        return issue

    def named(self, name: str) -> dict[str, Any]:
        """The issue with this identifier; empty if there is none."""
        return next((issue for issue in self.issues.values() if issue["identifier"] == name), {})


def linear_time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

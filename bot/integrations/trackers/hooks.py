"""Reads the webhooks of trackers. Each function returns None for an event that changes no ticket's state.

GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
Jira: https://developer.atlassian.com/server/jira/platform/webhooks/
Linear: https://linear.app/developers/webhooks
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.actions.ticket import TicketNews, TicketState, TrackerKind
from bot.integrations.trackers import github as github_client

WHO_LENGTH = 100
# A change that was made so long ago is no news: the trackers are asked every 30 seconds. Deliveries are remembered for
# longer (bot/workers/retention.py), so that a recorded one is refused either way.
NEWS_FOR_S = 14 * 86_400.0
FRESH_FOR_S = 300.0  # Linear puts the time into what it signs, so that a recorded request cannot be replayed


def github(headers: Mapping[str, str], content: Mapping[str, Any]) -> TicketNews | None:
    """The event `issues`: closed, reopened, deleted or transferred to another repository."""
    if headers.get("x-github-event") != "issues":
        return None
    issue, repository = _part(content, "issue"), _part(content, "repository")
    number, name = issue.get("number"), repository.get("full_name")
    if not isinstance(number, int) or not isinstance(name, str):
        return None
    match content.get("action"):
        case "closed" | "reopened" if not _is_old(_instant(issue.get("updated_at"))):
            state = github_client.state_of(issue)
        case "deleted" | "transferred":
            state = TicketState.GONE
        case _:
            return None
    return TicketNews(TrackerKind.GITHUB, name, str(number), state, _name(_part(content, "sender"), "login"))


def jira(headers: Mapping[str, str], content: Mapping[str, Any]) -> TicketNews | None:
    """The events `jira:issue_updated` and `jira:issue_deleted`."""
    issue = _part(content, "issue")
    key = issue.get("key")
    if not isinstance(key, str) or "-" not in key:
        return None
    stamp = content.get("timestamp")
    if isinstance(stamp, int | float) and _is_old(stamp / 1000):
        return None
    author = _name(_part(content, "user"), "displayName")
    match content.get("webhookEvent"):
        case "jira:issue_deleted":
            state = TicketState.GONE
        case "jira:issue_updated":
            state = jira_state(_part(issue, "fields"))
        case _:
            return None
    return TicketNews(TrackerKind.JIRA, key.rpartition("-")[0], key, state, author)


def linear(headers: Mapping[str, str], content: Mapping[str, Any]) -> TicketNews | None:
    """The events of the type `Issue`: updated or removed."""
    stamp = content.get("webhookTimestamp")
    if not isinstance(stamp, int | float) or abs(time.time() - stamp / 1000) > FRESH_FOR_S:
        return None
    data = _part(content, "data")
    key = data.get("identifier")
    if content.get("type") != "Issue" or not isinstance(key, str) or "-" not in key:
        return None
    author = _name(_part(content, "actor"), "name")
    if content.get("action") == "remove":
        state = TicketState.GONE
    elif content.get("action") == "update":
        state = linear_state(str(_part(data, "state").get("type")))
    else:
        return None
    return TicketNews(TrackerKind.LINEAR, key.rpartition("-")[0], key, state, author)


def _is_old(at_s: float | None) -> bool:
    return at_s is not None and time.time() - at_s > NEWS_FOR_S


def _instant(text: Any) -> float | None:
    """The seconds since 1970 of an instant as GitHub writes it; None where there is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def jira_state(fields: Mapping[str, Any]) -> TicketState:
    """The state of an issue, by the category of its status and by its resolution."""
    category = _part(_part(fields, "status"), "statusCategory").get("key")
    if category != "done":
        return TicketState.OPEN
    resolution = str(_part(fields, "resolution").get("name") or "").lower()
    return TicketState.NOT_DOING if resolution in NOT_DONE else TicketState.DONE


NOT_DONE = frozenset({"won't do", "won't fix", "duplicate", "declined", "cannot reproduce", "incomplete", "rejected"})


def linear_state(kind: str) -> TicketState:
    """The state of an issue, by the type of its workflow state."""
    if kind == "completed":
        return TicketState.DONE
    return TicketState.NOT_DOING if kind in ("canceled", "duplicate") else TicketState.OPEN


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _name(person: Mapping[str, Any], field: str) -> str:
    return " ".join(str(person.get(field) or "").split())[:WHO_LENGTH]

"""Sends pages (calls to a person to respond) to PagerDuty by its Events API v2.

https://developer.pagerduty.com/docs/events-api-v2/overview/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.timeline.vendor_names import vendor_text
from bot.integrations import http
from bot.integrations.protocol import Action, Page, Receipt

VENDOR = "PagerDuty"
SUMMARY = 1024  # characters: the maximum of payload.summary
# For the policy's severities from the worst on; all further ones are `info`.
SEVERITIES = ("critical", "error", "warning", "info")


@dataclass(slots=True)
class PagerDuty:
    """Triggers, acknowledges and resolves an alert. Idempotent: events with one `dedup_key` are one alert."""

    session: aiohttp.ClientSession
    url: str
    routing_key: str = field(repr=False)

    async def send(self, page: Page) -> Receipt:
        """Send one event. 202 is accepted, 400 permanent, 429 and 5xx are retried (“Response Codes & Retry Logic”)."""
        key = page.person.pagerduty or self.routing_key
        secrets = (key, self.routing_key)
        body, headers = event(page, key), http.headers()
        answer = await http.ask(self.session, "POST", self.url, VENDOR, secrets, json=body, headers=headers)
        if answer.status in (200, 202):
            return Receipt(VENDOR, answer.text("dedup_key") or page.dedup_key, answer.text("status"))
        raise http.temporary_error(answer, VENDOR) or DeliveryError(_refusal(answer), permanent=True)


def event(page: Page, routing_key: str) -> dict[str, Any]:
    """The body of the event, as documented under “Send an Alert Event”."""
    body: dict[str, Any] = {
        "routing_key": routing_key,
        "dedup_key": page.dedup_key,
        "event_action": str(page.action),
    }
    if page.action is not Action.TRIGGER:
        return body
    body["payload"] = {
        "summary": f"[{page.incident}] {page.title or 'A private incident'}"[:SUMMARY],
        "source": "Tocsin",
        "severity": severity(page.severe),
        "timestamp": page.paged_at.isoformat(timespec="milliseconds"),
        "class": "incident",
        "custom_details": _details(page),
    }
    body["client"] = "Tocsin"
    if page.link:
        body["client_url"] = page.link
    links = [(page.link, "Open the channel in Slack"), (page.bridge, "Join the call")]
    if event_links := [{"href": href, "text": label} for href, label in links if href]:
        body["links"] = event_links
    return body


def severity(severe: int | None) -> str:
    """PagerDuty's severity. `severe` counts from 0, the worst; None (of a private incident) counts as the worst."""
    return SEVERITIES[0] if severe is None else SEVERITIES[min(severe, len(SEVERITIES) - 1)]


def _details(page: Page) -> dict[str, Any]:
    details = {
        "incident": page.incident,
        "severity": page.severity,
        "status": page.status,
        "paged": None if page.private else page.person.name,
        "why": page.why,
        "rung": page.rung,
        "times": page.times,
    }
    return {name: value for name, value in details.items() if value is not None}


def _refusal(answer: http.Answer) -> str:
    errors = answer.data.get("errors")
    detail = "; ".join(str(e) for e in errors[:3]) if isinstance(errors, list) else ""
    reason = vendor_text(" ".join(filter(None, (answer.text("message"), detail[:200]))))
    hint = "check PAGERDUTY_ROUTING_KEY and PAGERDUTY_EVENTS_URL"
    return f"{VENDOR} refuses the event ({answer.status}{': ' + reason if reason else ''}); {hint}"

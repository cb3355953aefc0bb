"""Builds the addresses of an incident's bookmarks, among them the bridge: the call that people join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import BRIDGE, HUDDLE, Policy
from bot.slack.blocks import elements
from bot.slack.text import slug_of

_HUDDLES = "https://app.slack.com/huddle"


def address(title: str, incident: Incident, policy: Policy, team: str) -> str | None:
    """The address of the bookmark with this title. `team` is the ID of Slack's workspace.

    None if the incident has no such bookmark, or none yet: a huddle needs the incident's channel.
    """
    template = policy.bookmarks_of(incident.severity).get(title)
    if template == HUDDLE:
        usable = team and incident.channel_id and incident.channel_lost is None
        return f"{_HUDDLES}/{team}/{incident.channel_id}" if usable else None
    if template is None:
        return None
    values = {
        "id": incident.id, "number": str(incident.number), "slug": slug_of(incident.title),
        "severity": incident.severity,
    }  # fmt: skip
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def bridge_address(incident: Incident, policy: Policy, team: str) -> str | None:
    """The address of the incident's call. None if it has none, or is over."""
    return address(BRIDGE, incident, policy, team) if incident.open else None


def bridge(incident: Incident, policy: Policy, team: str) -> str:
    """The link to the incident's call, as mrkdwn; empty if it has none, or is over."""
    url = bridge_address(incident, policy, team)
    if url is None:
        return ""
    return elements.link(url, "Join the huddle" if url.startswith(f"{_HUDDLES}/") else "Join the call")


def permalink(workspace: str, receipt: Mapping[str, Any]) -> str | None:
    """The address of a message by its receipt; None where the workspace's own address is not known."""
    if not workspace.startswith(("https://", "http://")):
        return None
    return f"{workspace.rstrip('/')}/archives/{receipt['channel']}/p{str(receipt['ts']).replace('.', '')}"

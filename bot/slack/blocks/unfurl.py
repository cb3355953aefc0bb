"""Builds what a link to an incident shows in Slack."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.card import notification
from bot.slack.blocks.elements import Block
from bot.slack.text import render


def link_preview(incident: Incident, policy: Policy) -> Block:
    """The blocks of a link's preview."""
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_line(incident),
            f"commander: {phrases.who_leads(incident)}",
        ]
    )
    text = f"{phrases.drill_prefix(incident)}*{incident.id}* · {render(incident.title)}\n{state}"
    where = elements.context(phrases.channel_link(incident)) if incident.channel_id else None
    blocks = [elements.section(text), where]
    return {"blocks": [block for block in blocks if block], "fallback": notification(incident, policy)[:300]}

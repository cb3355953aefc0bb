"""Builds the announcement: the message outside the incident's channel that is edited as the incident changes."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.card import notification
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, quote, render

LATEST_LENGTH = 600


def announcement(incident: Incident, policy: Policy, now: datetime) -> Message:
    """The announcement with title and severity, status, commander, affected services, channel, and latest update."""
    marks = phrases.marks(incident)
    return elements.message(
        notification(incident, policy),
        [
            elements.section(_head(incident, policy)),
            elements.context(marks) if marks else None,
            elements.section(_state(incident, policy, now)),
            _latest(incident, now),
            _ending(incident),
            _buttons(incident),
        ],
    )


def _head(incident: Incident, policy: Policy) -> str:
    name = phrases.severity_name(incident.severity, policy)
    return f"{name}\n{phrases.drill_prefix(incident)}*{incident.id}* · {render(incident.title)}"


def _state(incident: Incident, policy: Policy, now: datetime) -> str:
    lines = [f"*Status:* {phrases.status_line(incident)}"]
    if incident.open or phrases.LEADS in incident.roles:
        lines.append(f"*Incident commander:* {phrases.who_leads(incident)}")
    if incident.open and (acknowledged := phrases.acknowledged(incident, now)):
        lines.append(f"*Acknowledged* {acknowledged}")
    if services := phrases.services(incident, policy):
        lines.append(f"*Affected:* {elements.join_comma(services)}")
    lines.append(f"*Channel:* {phrases.channel_link(incident)}")
    return "\n".join(lines)


def _latest(incident: Incident, now: datetime) -> Block | None:
    if not incident.updates or not incident.update_text or not incident.open:
        return None
    when = f" {phrases.at(incident.updated_at, now)}" if incident.updated_at else ""
    return elements.section(
        f"*Update #{incident.updates}*{when}\n{quote(clip(render(incident.update_text), LATEST_LENGTH))}"
    )


def _ending(incident: Incident) -> Block | None:
    if incident.open:
        return None
    fixed = f"\n*What fixed it:* {clip(render(incident.summary), LATEST_LENGTH)}" if incident.summary else ""
    return elements.section(phrases.ending(incident) + fixed)


def _buttons(incident: Incident) -> Block | None:
    if not incident.open:
        return None
    waiting = incident.ladder.acknowledged_at is None
    return elements.actions(
        button("Join", "join", press_value(incident)),
        button("Acknowledge", "ack", press_value(incident), style="primary") if waiting else None,
        block_id="announcement",
    )

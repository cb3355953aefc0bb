"""Builds what a link to an incident shows in Slack: the incident as a Work Object, and blocks where there are none.

https://docs.slack.dev/messaging/work-objects-implementation
"""

from __future__ import annotations

from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.card import notification
from bot.slack.blocks.elements import Block
from bot.slack.text import clip, render

ENTITY = "slack#/entities/incident"
DESCRIPTION = 500


def unfurled(incident: Incident, policy: Policy) -> Block:
    """The blocks of a link's preview."""
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_line(incident),
            f"commander: {phrases.who_leads(incident)}",
        ]
    )
    words = f"{phrases.drill_prefix(incident)}*{incident.id}* · {render(incident.title)}\n{state}"
    where = elements.context(phrases.channel_link(incident)) if incident.channel_id else None
    blocks = [elements.section(words), where]
    return {"blocks": [block for block in blocks if block], "fallback": notification(incident, policy)[:300]}


def entity(incident: Incident, policy: Policy, posted_url: str, url: str) -> dict[str, Any]:
    """The incident as an entity. `posted_url` is the link as it was written, `url` the incident's own address."""
    level = phrases.level_of(incident, policy)
    fields: dict[str, Any] = {
        "status": {"value": phrases.status_name(incident.status)},
        "priority": {"value": f"{level.key} · {level.name}"},
        "date_created": {"value": int(incident.declared_at.timestamp())},
    }
    if incident.updated_at is not None:
        fields["date_updated"] = {"value": int(incident.updated_at.timestamp())}
    if is_user_id(incident.declared_by):
        fields["created_by"] = _person(incident.declared_by)
    if (lead := incident.roles.get(phrases.LEADS)) is not None and is_user_id(lead):
        fields["assigned_to"] = _person(lead)
    if services := phrases.services(incident, policy):
        fields["service"] = {"value": elements.join_comma(services)}
    if words := incident.update_text or incident.description:
        fields["description"] = {"value": clip(words, DESCRIPTION)}
    return {
        "app_unfurl_url": posted_url,
        "url": url,
        "external_ref": {"id": incident.id, "type": "incident"},
        "entity_type": ENTITY,
        "entity_payload": {
            "attributes": {
                "title": {"text": f"{'DRILL · ' if incident.drill else ''}{incident.title}"},
                "display_type": "Incident",
                "display_id": incident.id,
                "product_name": "Tocsin",
            },
            "fields": fields,
        },
    }


def _person(user: str) -> dict[str, Any]:
    return {"type": "slack#/types/user", "user": {"user_id": user}}

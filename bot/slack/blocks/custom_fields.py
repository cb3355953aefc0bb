"""Formats the answers of custom fields (the organisation's own questions), and asks for the missing ones."""

from __future__ import annotations

from bot.domain.incident import Incident, custom_fields
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.text import clip, plain, render


def answered_fields(incident: Incident, policy: Policy) -> list[tuple[str, str]]:
    """Labels and answers as mrkdwn, for the card and `show`. Fields that the policy no longer has are left out."""
    by_key = {custom.key: custom for custom in policy.fields}
    return [
        (render(plain(by_key[key].label)), clip(render(custom_fields.answer_text(value, by_key[key])), 300))
        for key, value in incident.custom.items()
        if key in by_key
    ]


def missing(incident: Incident, policy: Policy, command: str = "/incident") -> Block | None:
    """A line that asks for required fields without an answer. None if there are none, or the incident has ended."""
    labels = [render(plain(custom.label)) for custom in custom_fields.missing_required(incident, policy)]
    if not labels or not incident.open:
        return None
    return elements.context(
        f":grey_question: Not answered yet: {elements.join_comma(labels)}. In a quiet moment: `{command} fields`"
    )

"""Lists the custom fields (the organisation's own questions about an incident) and adds the answers to an incident.

People answer them when they declare an incident, or later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.state import Answer, Change, Incident
from bot.domain.policy.policy import CustomField, Policy
from bot.domain.timeline.entry import Entry, entry
from bot.domain.values.slack_ids import user_mention


def fields_for(policy: Policy, severity: str | None) -> tuple[CustomField, ...]:
    """The fields of this severity; all of them while no severity is chosen."""
    return tuple(field for field in policy.fields if severity is None or severity in (field.severities or (severity,)))


def missing_required(incident: Incident, policy: Policy) -> tuple[CustomField, ...]:
    """Required fields without an answer."""
    fields = fields_for(policy, incident.severity)
    return tuple(field for field in fields if field.required and field.key not in incident.custom)


def answer(
    incident: Incident, answers: Mapping[str, Answer | None], actor: str, policy: Policy, now: datetime
) -> Change:
    """Store answers by field key; None removes one. Allowed after the end: history may be completed.

    Unknown keys are ignored, and equal answers change nothing. Raises `Refused` when the policy has no fields.
    """
    if not policy.fields:
        raise Refused("The policy asks no questions of its own: it has no `fields`.", "note What you know")
    keys = {field.key for field in policy.fields}
    merged = {**incident.custom, **{key: value for key, value in answers.items() if key in keys}}
    custom = {key: value for key, value in merged.items() if value is not None}
    if custom == incident.custom:
        return Change(incident)
    return Change(replace(incident, custom=custom), (fields_entry(incident.custom, custom, actor, policy, now),))


def fields_entry(
    before: Mapping[str, Answer], after: Mapping[str, Answer], actor: str, policy: Policy, now: datetime
) -> Entry:
    """The timeline entry about the answers that changed."""
    changed = [field for field in policy.fields if before.get(field.key) != after.get(field.key)]
    text = "; ".join(f"{field.label}: {answer_text(after.get(field.key), field)}" for field in changed)
    return entry(now, "fields", actor, text, fields={field.key: after.get(field.key) for field in changed})


def answer_text(value: Answer | None, field: CustomField) -> str:
    """An answer as text for the timeline: a person is written as a mention."""
    if value is None:
        return "no answer"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return user_mention(value) if field.kind == "user" else str(value)

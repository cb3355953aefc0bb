"""Questions of the organisation's own: asked when an incident is declared, answered then or later, never in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident import Answer, Change, Incident
from bot.domain.policy.policy import CustomField, Policy
from bot.domain.timeline.entry import Entry, entry


def fields_for(policy: Policy, severity: str | None) -> tuple[CustomField, ...]:
    """Those of this severity; all of them where it is not chosen yet."""
    return tuple(one for one in policy.fields if severity is None or severity in (one.severities or (severity,)))


def missing_required(incident: Incident, policy: Policy) -> tuple[CustomField, ...]:
    """Required answers that are missing still."""
    return tuple(
        one for one in fields_for(policy, incident.severity) if one.required and one.key not in incident.custom
    )


def answer(
    incident: Incident, answers: Mapping[str, Answer | None], actor: str, policy: Policy, now: datetime
) -> Change:
    """None takes an answer back. Also after the end: history may be completed. Nothing new changes nothing."""
    if not policy.fields:
        raise Refused("The policy asks no questions of its own: there is no `fields` in it.", "note What you know")
    known = {one.key for one in policy.fields}
    merged = {**incident.custom, **{key: value for key, value in answers.items() if key in known}}
    kept = {key: value for key, value in merged.items() if value is not None}
    if kept == incident.custom:
        return Change(incident)
    return Change(replace(incident, custom=kept), (fields_entry(incident.custom, kept, actor, policy, now),))


def fields_entry(
    before: Mapping[str, Answer], after: Mapping[str, Answer], actor: str, policy: Policy, now: datetime
) -> Entry:
    """What changed, in words."""
    changed = [one for one in policy.fields if before.get(one.key) != after.get(one.key)]
    words = "; ".join(f"{one.label}: {answer_text(after.get(one.key), one)}" for one in changed)
    return entry(now, "fields", actor, words, fields={one.key: after.get(one.key) for one in changed})


def answer_text(value: Answer | None, custom: CustomField) -> str:
    """House text: a person is a mention."""
    if value is None:
        return "no answer"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return f"<@{value}>" if custom.kind == "user" else str(value)

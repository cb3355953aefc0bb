"""A change of severity, and what becomes of the ladder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.due import due_after, roles_due
from bot.domain.incident.state import Change, Incident, Ladder, require_open
from bot.domain.policy.policy import Policy, Severity
from bot.domain.timeline.entry import entry


def change_severity(
    incident: Incident, severity: str, actor: str, policy: Policy, now: datetime, reason: str = ""
) -> Change:
    """Raising starts the worse level's ladder from now; lowering pages nobody anew."""
    require_open(incident)
    level = policy.severity(severity)
    if level.key == incident.severity:
        raise Refused(f"It is already {level.key} ({level.name}).", _other_severity(policy, level))
    before, raised = incident.severity, policy.rank(level.key) < policy.rank(incident.severity)
    ladder = _raised(incident, now) if raised else _lowered(incident, level.key, now)
    changed = replace(incident, severity=level.key, ladder=ladder, unanswered=0)
    changed = replace(
        changed, update_due_at=_rearmed_update(changed, level, now), roles_due_at=roles_due(now, level, policy)
    )
    text = f"{before} → {level.key}" + (f": {reason}" if reason else "")
    said = entry(now, "severity", actor, text, before=before, after=level.key, raised=raised, reason=reason)
    return Change(changed, (said,))


def _rearmed_update(incident: Incident, level: Severity, now: datetime) -> datetime | None:
    """After a change of severity: the new cadence from the last update, or from now where that has passed."""
    last = incident.updated_at or incident.declared_at
    due = due_after(last, level.update_every)
    return due if due is None or due > now else due_after(now, level.update_every)


def _raised(incident: Incident, now: datetime) -> Ladder:
    ladder = incident.ladder
    return Ladder(
        started_at=now, mitigated_at=ladder.mitigated_at, pages=(), spent=ladder.spent, tripped=ladder.tripped
    )


def _lowered(incident: Incident, severity: str, now: datetime) -> Ladder:
    ladder = incident.ladder
    reached = max(ladder.spent.get(incident.severity, (0,)), default=0)
    spent = sorted({*ladder.spent.get(severity, ()), *range(1, reached + 1)})
    return replace(ladder, left_behind_at=now, spent={**ladder.spent, severity: tuple(spent)}, pages=())


def _other_severity(policy: Policy, level: Severity) -> str:
    other = next((s.key for s in policy.severities if s.key != level.key), level.key)
    return f"severity {other} What changed"

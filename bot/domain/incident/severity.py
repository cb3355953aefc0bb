"""Computes how an incident and its escalation ladder change when its severity changes.

The escalation ladder is the order in which people are paged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import AlreadyDone
from bot.domain.incident.due import next_after, roles_due
from bot.domain.incident.state import Change, Incident, Ladder, require_open
from bot.domain.policy.policy import Policy, Severity
from bot.domain.timeline.entry import entry


def change_severity(
    incident: Incident, severity: str, actor: str, policy: Policy, now: datetime, reason: str = ""
) -> Change:
    """Set another severity. A worse one starts its ladder now; a lesser one pages nobody a second time.

    The new update cadence counts from the last update. Raises `Refused` for an unknown or the same severity.
    """
    require_open(incident)
    level = policy.severity(severity)
    if level.key == incident.severity:
        text = f"It is already {level.key} ({level.name})."
        raise AlreadyDone(text, _other_severity(policy, level), incident.number, ("severity",))
    before, raised = incident.severity, policy.rank(level.key) < policy.rank(incident.severity)
    changed = replace(
        incident,
        severity=level.key,
        ladder=_restart(incident.ladder, now) if raised else _lower(incident, level.key, now),
        unanswered=0,
        update_due_at=next_after(incident.updated_at or incident.declared_at, level.update_every, now, policy.zone),
        roles_due_at=roles_due(now, level, policy),
    )
    text = f"{before} → {level.key}" + (f": {reason}" if reason else "")
    record = entry(now, "severity", actor, text, before=before, after=level.key, raised=raised, reason=reason)
    return Change(changed, (record,))


def _restart(ladder: Ladder, now: datetime) -> Ladder:
    """The ladder from its start, not acknowledged. It keeps what was paged and what fired in this episode."""
    return Ladder(
        started_at=now, mitigated_at=ladder.mitigated_at, pages=(), spent=ladder.spent, tripped=ladder.tripped
    )


def _lower(incident: Incident, severity: str, now: datetime) -> Ladder:
    """The lesser severity's ladder, with as many rungs counted as paged as the worse one's had reached."""
    ladder = incident.ladder
    reached = max(ladder.spent.get(incident.severity, (0,)), default=0)
    spent = sorted({*ladder.spent.get(severity, ()), *range(1, reached + 1)})
    return replace(ladder, left_behind_at=now, spent={**ladder.spent, severity: tuple(spent)}, pages=())


def _other_severity(policy: Policy, level: Severity) -> str:
    alternative = next((s.key for s in policy.severities if s.key != level.key), level.key)
    return f"severity {alternative} What changed"

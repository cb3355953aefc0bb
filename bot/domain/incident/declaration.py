"""Builds a new incident from a declaration, with the start of its escalation ladder and of its reminders.

The escalation ladder is the order in which people are paged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.incident.due import due_after, roles_due
from bot.domain.incident.state import Change, Incident, Ladder, Rehearsal
from bot.domain.policy.policy import Fact, Policy
from bot.domain.timeline.entry import entry
from bot.domain.values.past_play import PastPlay

TITLE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class NewIncident:
    """The values with which an incident is declared."""

    title: str
    severity: str  # key or name of a severity
    declared_by: str
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()
    private: bool = False
    drill: bool = False
    detected_at: datetime | None = None  # None, or an instant in the future: now
    facts: dict[str, Fact] = field(default_factory=dict)
    plays: PastPlay | None = None  # a drill: the past incident that it plays
    slack_down: timedelta | None = None  # a drill: for how long nothing about it goes to Slack


def declare(number: int, new: NewIncident, policy: Policy, now: datetime) -> Change:
    """Open an incident. Raises `Refused` for an unknown severity, never for the title.

    A title over 300 characters is cut; the whole of it is kept as the beginning of the description.
    """
    level = policy.severity(new.severity)
    full_title = " ".join(new.title.split()) or "Untitled incident"
    title, description = full_title, new.description
    if len(full_title) > TITLE_LENGTH:
        title = full_title[: TITLE_LENGTH - 1].rstrip() + "…"
        description = f"{full_title}\n\n{description}".strip()
    incident = Incident(
        number=number,
        title=title,
        description=description,
        severity=level.key,
        category=new.category,
        services=new.services,
        facts=dict(new.facts),
        private=new.private,
        drill=new.drill,
        declared_by=new.declared_by,
        declared_at=now,
        detected_at=min(new.detected_at or now, now),
        ladder=Ladder(started_at=now),
        update_due_at=due_after(now, level.update_every, policy.zone),
        roles_due_at=roles_due(now, level, policy),
        policy=policy.digest,
        plays=replace(new.plays, next_at=now) if new.plays and new.drill else None,
        rehearsal=Rehearsal(now, now + new.slack_down) if new.slack_down and new.drill else None,
    )
    text = f"{level.key}: {title}"
    return Change(incident, (entry(now, "declared", new.declared_by, text, severity=level.key, title=title),))

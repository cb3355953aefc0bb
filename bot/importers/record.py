"""Records what an import brings besides the policy: overrides as covers, and the past as incidents and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts.past_alert import PastAlert
from bot.domain.incident.past import PastIncident, PastNote
from bot.importers import account
from bot.importers.compose.schedules import KEPT
from bot.importers.plan import Plan
from bot.importers.proof import overrides_of
from bot.policy import LoadedPolicy
from bot.usecases.alerts.import_past import import_past_alerts
from bot.usecases.effects import home_tab
from bot.usecases.incidents.import_past import import_past
from storage import imports
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was new."""

    covers: int
    ended: int  # covers that the source has no more
    incidents: int
    alerts: int


async def record(database: Database, plan: Plan, loaded: LoadedPolicy, now: datetime, *, counted: bool) -> Recorded:
    """Record covers and the past. Calling it again with the same account changes nothing."""
    async with database.transaction() as conn:
        new, ended = await imports.sync_covers(conn, plan.source, overrides_of(plan.covers), now - KEPT, now)
        if new or ended:
            await home_tab.refresh_all(conn, now)
    severities = [severity.key for severity in loaded.policy.severities]
    kept = [each for each in plan.past if not each.lost]
    past = [past_incident(plan, each, severities) for each in kept if each.origin.kind != "alert"]
    alerts = [past_alert(plan, each, severities) for each in kept if each.origin.kind == "alert"]
    policy = (loaded.policy.digest, loaded.document)
    incidents = await import_past(database, [each for each in past if each is not None], policy, now, counted=counted)
    recorded = await import_past_alerts(database, [each for each in alerts if each is not None])
    return Recorded(new, ended, incidents, recorded)


def past_alert(plan: Plan, past: account.PastIncident, severities: list[str]) -> PastAlert | None:
    """The alert as the domain knows it; None without a time."""
    if past.declared_at is None:
        return None
    return PastAlert(
        source=plan.source,
        id=past.origin.id,
        title=past.title,
        description=past.text,
        severity=_severity(plan, past, severities),
        fired_at=past.declared_at,
        acknowledged_at=past.acknowledged_at,
        acknowledged_by=past.people.get("commander", ""),
        resolved_at=max(past.resolved_at or past.declared_at, past.declared_at),
    )


def _severity(plan: Plan, past: account.PastIncident, severities: list[str]) -> str:
    """The severity of its priority; the middle one if the policy has none for it."""
    severity = plan.severity_of.get(past.priority, "")
    return severity if severity in severities else severities[len(severities) // 2]


def past_incident(plan: Plan, past: account.PastIncident, severities: list[str]) -> PastIncident | None:
    """The incident as the domain knows it; None without a time."""
    if past.declared_at is None:
        return None
    return PastIncident(
        source=plan.source,
        kind=past.origin.kind,
        id=past.origin.id,
        title=past.title,
        description=past.text,
        severity=_severity(plan, past, severities),
        declared_at=past.declared_at,
        acknowledged_at=past.acknowledged_at,
        acknowledged_by=past.people.get("commander", ""),
        resolved_at=past.resolved_at or past.declared_at,
        services=tuple(plan.services[each] for each in past.services if each in plan.services),
        roles=past.people,
        notes=tuple(PastNote(at, who, text) for at, who, text in past.entries),
    )

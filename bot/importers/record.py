"""Records imported covers, past incidents and past alerts in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts.past_alert import PastAlert
from bot.domain.incident.past import PastIncident, PastNote
from bot.domain.paging.people import person_by_address
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_user_id
from bot.importers import account
from bot.importers.compose.schedules import KEPT
from bot.importers.plan import Plan
from bot.importers.proof import overrides_of
from bot.policy import LoadedPolicy
from bot.usecases.alerts.import_past import import_past_alerts
from bot.usecases.effects import home_tab
from bot.usecases.incidents.import_past import import_past
from storage import imports, key_value
from storage.database import Database


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """The numbers of new records."""

    covers: int
    ended: int  # covers that the source has no more
    incidents: int
    alerts: int


async def record(database: Database, plan: Plan, loaded: LoadedPolicy, now: datetime, *, counted: bool) -> RecordCounts:
    """Record covers and the past. Calling it again with the same account changes nothing."""
    async with database.transaction() as conn:
        new, ended = await imports.sync_covers(conn, plan.source, overrides_of(plan.covers), now - KEPT, now)
        await key_value.imported_names(plan.source).put(conn, _names(plan))
        if new or ended:
            await home_tab.refresh_all(conn, now)
    severities = [severity.key for severity in loaded.policy.severities]
    moved = [incident for incident in plan.past if not incident.lost]
    past = [past_incident(plan, incident, loaded.policy) for incident in moved if not incident.is_alert]
    alerts = [past_alert(plan, incident, severities) for incident in moved if incident.is_alert]
    policy = (loaded.policy.digest, loaded.document)
    incidents = await import_past(
        database, [incident for incident in past if incident is not None], policy, now, counted=counted
    )
    recorded = await import_past_alerts(database, [alert for alert in alerts if alert is not None])
    return RecordCounts(new, ended, incidents, recorded)


def past_alert(plan: Plan, past: account.PastIncident, severities: list[str]) -> PastAlert | None:
    """The past alert of the domain; None without a time."""
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
        acknowledged_by=_name(plan, past.people.get("commander", "")),
        resolved_at=max(past.resolved_at or past.declared_at, past.declared_at),
    )


def _severity(plan: Plan, past: account.PastIncident, severities: list[str]) -> str:
    """The severity of its priority; the middle one if the policy has none for it."""
    severity = plan.severity_of.get(past.priority, "")
    return severity if severity in severities else severities[len(severities) // 2]


def past_incident(plan: Plan, past: account.PastIncident, policy: Policy) -> PastIncident | None:
    """The past incident of the domain; None without a time."""
    if past.declared_at is None:
        return None
    return PastIncident(
        source=plan.source,
        kind=past.origin.kind,
        id=past.origin.id,
        title=past.title,
        description=past.text,
        fixed=past.fixed,
        severity=_severity(plan, past, [severity.key for severity in policy.severities]),
        declared_at=past.declared_at,
        acknowledged_at=past.acknowledged_at,
        acknowledged_by=past.people.get("commander", ""),
        resolved_at=past.resolved_at or past.declared_at,
        services=tuple(plan.services[service] for service in past.services if service in plan.services),
        roles={role: _name(plan, person_id) for role, person_id in past.people.items()},
        holders=_holders(plan, past.people, policy),
        notes=tuple(PastNote(at, author, text) for at, author, text in past.entries),
    )


def _names(plan: Plan) -> dict[str, str]:
    """The policy's key of each person, team and schedule by its ID at the source, which its webhooks contain."""
    kinds = (("contact", plan.people), ("team", plan.teams), ("schedule", plan.schedules))
    return {identity: f"{kind}:{key}" for kind, keys in kinds for identity, key in sorted(keys.items())}


def _name(plan: Plan, person: str) -> str:
    """The contact of a person's ID at the source; the ID or name itself if there is none."""
    return plan.people.get(person, person)


def _holders(plan: Plan, people: Mapping[str, str], policy: Policy) -> dict[str, str]:
    """Slack user IDs by role, for the roles of the policy and the people whose contacts have one."""
    holders, role_keys = {}, {role.key for role in policy.roles}
    for role, person_id in people.items():
        contact = policy.contacts.get(plan.people.get(person_id, ""))
        slack = contact.slack if contact is not None else person_by_address(person_id, policy).slack
        if role in role_keys and slack and is_user_id(slack):
            holders[role] = slack
    return holders

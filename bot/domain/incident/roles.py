"""Computes how an incident changes when a person gets or loses a role, and lists required roles without a holder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.incident.acknowledgement import acknowledge
from bot.domain.incident.due import roles_due
from bot.domain.incident.state import Change, Incident, RoleGrant, require_open
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values.slack_ids import user_mention


def assign(incident: Incident, role: str, user: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Give a role to a person; its previous holder loses it. Taking a role for oneself makes one a responder.

    Records nothing when the person holds the role already, except that somebody else gives them what they had taken
    themselves. Raises `Refused` for an unknown role.
    """
    require_open(incident)
    duty = policy.role(role)
    before = incident.roles.get(duty.key)
    responding = (
        acknowledge(incident, actor, now, implied_by=f"took the role {duty.title}")
        if user == actor
        else Change(incident)
    )
    if before == user and (user == actor or is_given_by_others(incident, duty.key)):
        return responding
    changed = replace(
        responding.incident,
        roles={**incident.roles, duty.key: user},
        role_grants={**incident.role_grants, duty.key: RoleGrant(actor, now)},
    )
    if not empty_roles(changed, policy):
        changed = replace(changed, roles_asked=0)
    text = f"{duty.title}: {user_mention(user)}"
    record = entry(now, "role", actor, text, role=duty.key, title=duty.title, user=user, before=before)
    return Change(changed, (*responding.entries, record))


def clear_role(incident: Incident, role: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Take a role from its holder. Clearing an empty role changes nothing."""
    require_open(incident)
    duty = policy.role(role)
    before = incident.roles.get(duty.key)
    if before is None:
        return Change(incident)
    remaining = {key: user for key, user in incident.roles.items() if key != duty.key}
    level = policy.severity(incident.severity)
    text = f"{duty.title}: nobody"
    record = entry(now, "role", actor, text, role=duty.key, title=duty.title, user=None, before=before)
    return Change(replace(incident, roles=remaining, roles_due_at=roles_due(now, level, policy)), (record,))


def is_given_by_others(incident: Incident, role: str) -> bool:
    """Whether another person gave the role to its holder. A role without a record counts as given."""
    grant = incident.role_grants.get(role)
    return grant is None or grant.by != incident.roles.get(role)


def empty_roles(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Keys of required roles without a holder, in the policy's order."""
    required = policy.severity(incident.severity).roles
    return tuple(role for role in required if role not in incident.roles)

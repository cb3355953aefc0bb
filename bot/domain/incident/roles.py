"""Who holds which role, and who responds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.incident.due import roles_due
from bot.domain.incident.state import Change, Incident, require_open
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry


def assign(incident: Incident, role: str, user: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Give a role to somebody; whoever had it has it no longer. Again to the same person changes nothing."""
    require_open(incident)
    part = policy.role(role)
    before = incident.roles.get(part.key)
    if before == user:
        return Change(incident)
    changed = with_responder(replace(incident, roles={**incident.roles, part.key: user}), user)
    if not empty_roles(changed, policy):
        changed = replace(changed, roles_asked=0)
    said = entry(
        now, "role", actor, f"{part.title}: <@{user}>", role=part.key, title=part.title, user=user, before=before
    )
    return Change(changed, (said,))


def clear_role(incident: Incident, role: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Take a role from whoever has it. Clearing an empty role changes nothing."""
    require_open(incident)
    part = policy.role(role)
    before = incident.roles.get(part.key)
    if before is None:
        return Change(incident)
    left = {key: user for key, user in incident.roles.items() if key != part.key}
    level = policy.severity(incident.severity)
    said = entry(now, "role", actor, f"{part.title}: nobody", role=part.key, title=part.title, user=None, before=before)
    return Change(replace(incident, roles=left, roles_due_at=roles_due(now, level, policy)), (said,))


def empty_roles(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Required roles that nobody holds, in the policy's order."""
    needed = policy.severity(incident.severity).roles
    return tuple(role for role in needed if role not in incident.roles)


def with_responder(incident: Incident, user: str) -> Incident:
    if user in incident.responders:
        return incident
    return replace(incident, responders=(*incident.responders, user))

"""Whether somebody may do what they ask for: the one place where that is decided, whatever way they came."""

from __future__ import annotations

from bot.domain.access import permissions
from bot.domain.access.permissions import PermissionRequest
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.usecases.context import Context


def require(context: Context, action: str, actor: str, incident: Incident | None = None) -> None:
    """By the policy in force now, not the incident's own: who may do what is not for the past to say.

    Raises `Refused`. Whoever was refused may have been let in a moment ago: so Slack is asked anew for the next time.
    """
    policy = context.policy
    try:
        permissions.require(
            PermissionRequest(action, actor, incident),
            policy.permissions.get(action),
            context.usergroups.members,
            lambda role: policy.role(role).title,
        )
    except Refused:
        context.usergroups.request_refresh()
        raise

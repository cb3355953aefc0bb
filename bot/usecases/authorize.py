"""Checks the policy's permissions, for commands, buttons, forms and webhooks alike.

No other code checks them. The rules themselves are in `bot.domain.access.permissions`.
"""

from __future__ import annotations

from bot.domain.access import permissions
from bot.domain.access.identity import OPERATOR
from bot.domain.access.permissions import GroupMembers, PermissionRequest
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.usecases.context import Context


def require(context: Context, action: str, actor: str, incident: Incident | None = None) -> None:
    """Raise `Refused` unless the policy in force lets `actor` do `action`. The incident's own policy does not count.

    The actor's membership is the last known one; the caller asks Slack before, outside a transaction. After a refusal
    the user groups are read again, since the actor may have joined one a moment ago.
    """
    if actor == OPERATOR:
        return
    if action == "close" and incident is not None and incident.open:
        require(context, "resolve", actor, incident)  # closing an open incident resolves it first
    policy = context.policy
    try:
        permissions.require(
            PermissionRequest(action, context.memberships.known(actor), incident),
            policy.permissions.get(action),
            _members_of(context, incident),
            lambda role: policy.role(role).title,
        )
    except Refused:
        context.usergroups.request_refresh()
        raise


def _members_of(context: Context, incident: Incident | None) -> GroupMembers:
    """The members of user groups, without those who are in one only by a cover taken since the incident was declared.

    A group may follow an on-call schedule that anybody may cover, so a cover must not give permissions.
    """

    def members(group: str) -> frozenset[str] | None:
        people = context.usergroups.members(group)
        if people is None or incident is None:
            return people
        covered_since = context.usergroups.covers(group)
        return frozenset(
            user for user in people if user not in covered_since or covered_since[user] <= incident.declared_at
        )

    return members


def require_member(context: Context, action: str, actor: str, incident: Incident | None, act: str) -> None:
    """Raise `Refused` for a guest or outsider whom the policy does not name for `action`. Members pass.

    `act` completes “only people of this workspace may …”.
    """
    if actor == OPERATOR:
        return
    permissions.require_member_or_named(
        PermissionRequest(action, context.memberships.known(actor), incident),
        context.policy.permissions.get(action),
        context.usergroups.members,
        act,
    )

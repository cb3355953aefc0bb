"""Decides whether a person may use a verb (a word after `/incident`, such as `resolve`).

Members of the workspace may do everything that the policy does not restrict. Guests and people of other organisations
may read, write, declare and acknowledge; for the rest the policy has to name them. Bots may do nothing. A refusal names
the people who may. Acknowledging, joining and everything read-only cannot be restricted: people who come to help are
never turned away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import NotAllowed
from bot.domain.incident import Incident
from bot.domain.incident.roles import is_given_by_others
from bot.domain.policy.policy import AllowList
from bot.domain.values.slack_ids import user_mention

RESTRICTABLE_VERBS = (
    "declare", "drill", "update", "status", "severity", "role", "handover", "escalate", "page", "note", "impact",
    "snooze", "next", "resolve", "close", "cancel", "reopen", "policy", "cover", "silence", "redact", "run",
    "action", "review", "times",
    "comms", "maintenance", "merge", "relate", "tag",
)  # fmt: skip
# What guests and people of other organisations may do as well: declare, and write down what they know.
OPEN_TO_GUESTS = frozenset(
    {"declare", "update", "status", "note", "impact", "next", "redact", "action", "relate", "tag"}
)
VERBS_WITHOUT_INCIDENT = frozenset({"declare", "drill", "cover", "silence", "maintenance"})
# Calls for help: allowed when Slack cannot say who is in a group.
ALLOWED_WHEN_UNKNOWN = frozenset({"declare", "escalate", "page"})
PHRASES = {
    "declare": "declare incidents", "drill": "start drills", "update": "post updates", "status": "change the status",
    "severity": "change the severity", "role": "give roles", "handover": "hand roles over",
    "escalate": "escalate", "page": "page people", "note": "write notes",
    "impact": "say what the impact is", "snooze": "snooze reminders",
    "next": "promise updates", "resolve": "resolve incidents", "close": "close incidents",
    "cancel": "cancel incidents", "reopen": "reopen incidents", "policy": "apply another policy to an incident",
    "cover": "cover schedules", "silence": "silence alerts",
    "redact": "redact entries", "run": "run steps of playbooks",
    "action": "add or change action items", "review": "write reviews",
    "times": "correct times",
    "comms": "send messages to audiences", "maintenance": "plan maintenance",
    "merge": "merge incidents", "relate": "relate incidents", "tag": "tag incidents",
}  # fmt: skip
MAX_NAMED = 5  # people named in a refusal

# The members of a user group, by the name the policy uses for it; None while Slack has not told.
GroupMembers = Callable[[str], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class PermissionRequest:
    """A person's request to use a verb. `incident` is None where the verb needs none, or where there is none yet."""

    verb: str
    who: Identity
    incident: Incident | None = None

    @property
    def actor(self) -> str:
        """The person's Slack ID."""
        return self.who.user


def require(
    request: PermissionRequest, allowed: AllowList | None, members: GroupMembers, titles: Callable[[str], str]
) -> None:
    """Raise `NotAllowed` unless the actor is allowed; the message says who may, and whom to ask.

    `titles` gives a role's title by its key. Without `allowed` every member may. Guests whom `allowed` names may, too.
    """
    if request.who.membership is Membership.BOT:
        raise NotAllowed(f"Bots may not {PHRASES[request.verb]}.")
    if allowed is None:
        if request.verb not in OPEN_TO_GUESTS:
            require_member(request, PHRASES[request.verb], f"permissions.{request.verb}")
        return
    if _is_listed(request, allowed):
        return
    groups = {group: members(group) for group in allowed.groups}
    if any(request.actor in people for people in groups.values() if people is not None):
        return
    unknown = any(people is None for people in groups.values())
    if unknown and request.verb in ALLOWED_WHEN_UNKNOWN:
        return
    raise NotAllowed(_refusal(request, allowed, groups, titles))


def require_member_or_named(
    request: PermissionRequest, allowed: AllowList | None, members: GroupMembers, act: str
) -> None:
    """Raise `NotAllowed` for a guest or outsider whom `allowed` does not name. It restricts no member."""
    if request.who.membership is Membership.BOT:
        raise NotAllowed(f"Bots may not {act}.")
    if allowed is not None and (
        _is_listed(request, allowed) or any(request.actor in (members(group) or ()) for group in allowed.groups)
    ):
        return
    require_member(request, act, f"permissions.{request.verb}")


def require_member(request: PermissionRequest, act: str, named_by: str) -> None:
    """Raise `NotAllowed` for guests and people of other organisations.

    A person whose membership Slack has not told yet is allowed, so that incidents go on. Compare `require_known`.
    `act` completes “may …”; `named_by` is the setting of the policy that can name others.
    """
    membership = request.who.membership
    if membership in (Membership.MEMBER, Membership.UNKNOWN):
        return
    status = "a guest here" if membership is Membership.GUEST else "of another organisation"
    holders = request.incident.roles if request.incident is not None else {}
    leads = [holders.get(role) for role in ("commander", "technical_lead")]
    mentions = [*dict.fromkeys(user_mention(lead) for lead in leads if lead and lead != request.actor)]
    raise NotAllowed(
        f"You are {status}, and only people of this workspace may {act}. "
        f"Ask {' or '.join([*mentions, 'anyone who belongs to it'])}. The policy can name others: `{named_by}`."
    )


def require_known(identity: Identity, act: str) -> None:
    """Raise `NotAllowed` while the person's membership is unknown. For acts that endanger the bot's own host."""
    if identity.membership is Membership.UNKNOWN:
        raise NotAllowed(
            f"Slack has not told me yet whether you belong to this workspace, so I can't let you {act}."
            " Try again in a moment."
        )


def _is_listed(request: PermissionRequest, allowed: AllowList) -> bool:
    return request.actor in allowed.users or any(
        role in allowed.roles and is_given_by_others(request.incident, role)
        for role in _held_roles(request)
        if request.incident is not None
    )


def _held_roles(request: PermissionRequest) -> list[str]:
    """The roles that the person holds in the incident."""
    holders = request.incident.roles if request.incident is not None else {}
    return [role for role, holder in holders.items() if holder == request.actor]


def _refusal(
    request: PermissionRequest,
    allowed: AllowList,
    groups: dict[str, frozenset[str] | None],
    titles: Callable[[str], str],
) -> str:
    entitled = [_group_name(group) for group in allowed.groups]
    entitled += [f"the {titles(role).lower()}" for role in allowed.roles]
    entitled += [user_mention(user) for user in allowed.users[:MAX_NAMED]]
    sentences = [f"Only {_join_or(entitled)} may {PHRASES[request.verb]}."]
    if unknown := [f"@{group}" for group, people in groups.items() if people is None]:
        sentences.append(f"Slack has not told me yet who is in {_join_or(unknown)}, so I can't let you.")
    if self_assigned := [role for role in _held_roles(request) if role in allowed.roles]:
        sentences.append(
            f"You took the role {titles(self_assigned[0])} yourself; it counts once somebody else gives it to you."
        )
    if people := _people_to_ask(request, allowed, groups):
        sentences.append(f"Ask one of them: {', '.join(people)}." if len(people) > 1 else f"Ask {people[0]}.")
    if request.incident is not None:
        sentences.append(_leads(request.incident, request.actor))
    return " ".join(sentences)


def _people_to_ask(
    request: PermissionRequest, allowed: AllowList, groups: dict[str, frozenset[str] | None]
) -> list[str]:
    holders = request.incident.roles if request.incident is not None else {}
    people = [holders[role] for role in allowed.roles if holders.get(role)]
    people += [*allowed.users, *sorted(user for members in groups.values() if members for user in members)]
    return [user_mention(user) for user in dict.fromkeys(people) if user != request.actor][:MAX_NAMED]


def _leads(incident: Incident, actor: str) -> str:
    lead = incident.roles.get("commander")
    if not lead:
        return f"Nobody leads {incident.id} yet."
    return f"You lead {incident.id}." if lead == actor else f"{user_mention(lead)} leads {incident.id}."


def _group_name(group: str) -> str:
    return f"the user group {group}" if group.isupper() else f"@{group}"


def _join_or(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} or {last}" if head else last

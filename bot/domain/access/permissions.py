"""Who may do what: everybody, unless the policy names people for a verb. Refusals say whom to ask.

Acknowledging and joining, and all that only looks, cannot be restricted: whoever comes to help is never turned away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import AllowList

RESTRICTABLE_VERBS = (
    "declare", "drill", "update", "status", "severity", "role", "handover", "escalate", "page", "note", "impact",
    "snooze", "next", "resolve", "close", "cancel", "reopen", "policy", "cover",
)  # fmt: skip
VERBS_WITHOUT_INCIDENT = frozenset({"declare", "drill", "cover"})
# The bell and the calls for help: these are not refused because Slack cannot say who is in a group.
ALLOWED_WHEN_UNKNOWN = frozenset({"declare", "escalate", "page"})
PHRASES = {
    "declare": "declare incidents", "drill": "start drills", "update": "post updates", "status": "change the status",
    "severity": "change the severity", "role": "give roles", "handover": "hand roles over",
    "escalate": "escalate", "page": "page people", "note": "write notes",
    "impact": "say what the impact is", "snooze": "snooze reminders",
    "next": "promise updates", "resolve": "resolve incidents", "close": "close incidents",
    "cancel": "cancel incidents", "reopen": "reopen incidents", "policy": "bring another policy to an incident",
    "cover": "cover schedules",
}  # fmt: skip
MAX_NAMED = 5

# The members of a user group by what the policy calls it; None: nobody knows.
GroupMembers = Callable[[str], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class PermissionRequest:
    """Somebody wants to do something. `incident` is None where there is none yet."""

    verb: str
    actor: str
    incident: Incident | None = None


def require(
    request: PermissionRequest, allowed: AllowList | None, members: GroupMembers, titles: Callable[[str], str]
) -> None:
    """Raise `Refused`, saying who may and whom to ask, unless they may."""
    if allowed is None or _named(request, allowed):
        return
    known = {group: members(group) for group in allowed.groups}
    if any(request.actor in people for people in known.values() if people is not None):
        return
    unknown = [group for group, people in known.items() if people is None]
    if unknown and request.verb in ALLOWED_WHEN_UNKNOWN:
        return
    raise Refused(_refusal(request, allowed, known, unknown, titles))


def _named(question: PermissionRequest, allowed: AllowList) -> bool:
    holders = question.incident.roles if question.incident is not None else {}
    return question.actor in allowed.users or any(holders.get(role) == question.actor for role in allowed.roles)


def _refusal(
    question: PermissionRequest,
    allowed: AllowList,
    known: dict[str, frozenset[str] | None],
    unknown: list[str],
    titles: Callable[[str], str],
) -> str:
    incident = question.incident
    who = [_called(group) for group in allowed.groups]
    who += [f"the {titles(role).lower()}" for role in allowed.roles]
    who += [f"<@{user}>" for user in allowed.users[:MAX_NAMED]]
    said = f"Only {_either(who)} may {PHRASES[question.verb]}."
    if unknown:
        said += (
            f" Slack has not told me yet who is in {_either([f'@{group}' for group in unknown])}, so I can't let you."
        )
    holders = incident.roles if incident is not None else {}
    asked = [holders[role] for role in allowed.roles if holders.get(role)]
    asked += [*allowed.users, *sorted(user for people in known.values() if people for user in people)]
    people = [f"<@{user}>" for user in dict.fromkeys(asked) if user != question.actor][:MAX_NAMED]
    if people:
        said += f" Ask one of them: {', '.join(people)}." if len(people) > 1 else f" Ask {people[0]}."
    lead = holders.get("commander")
    if incident is not None and lead:
        said += f" You lead {incident.id}." if lead == question.actor else f" <@{lead}> leads {incident.id}."
    elif incident is not None:
        said += f" Nobody leads {incident.id} yet."
    return said


def _called(group: str) -> str:
    return f"the user group {group}" if group.isupper() else f"@{group}"


def _either(names: Iterable[str]) -> str:
    *some, last = names
    return f"{', '.join(some)} or {last}" if some else last

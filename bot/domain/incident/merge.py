"""Computes how two incidents change when one is merged into the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.state import Change, Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values.slack_ids import user_mention


def check_merge(incident: Incident, target: Incident) -> None:
    """Raise `Refused` where one cannot be merged into the other.

    An incident that still runs is not merged into one that has ended: nobody would go on with it. A private one is
    merged only into a private one, and the reverse: the note in each shows the other.
    """
    if incident.number == target.number:
        raise Refused(f"{incident.id} is this incident. Name the one that goes on.", "merge INC-7")
    require_mergeable(incident)
    if target.status is Status.MERGED:
        into = target.merged_into
        raise Refused(f"{target.id} is itself merged into INC-{into}. Merge into that one.", f"merge INC-{into}")
    if target.status is Status.CANCELLED:
        raise Refused(f"{target.id} was a false alarm. Reopen it first if it was real.", "list")
    if incident.open and not target.open:
        raise Refused(
            f"{target.id} is {target.status}, and {incident.id} still runs: nobody would go on with it. "
            f"Reopen {target.id} first, or merge {target.id} into {incident.id} from its channel.",
            "list",
        )
    if incident.drill != target.drill:
        raise Refused("One of them is a drill and the other is real: they stay apart.", "list")
    if incident.private != target.private:
        which = incident.id if incident.private else target.id
        raise Refused(
            f"{which} is private and the other is not: the note in each would show it to everybody. "
            f"End this one with a reason instead.",
            "cancel The same problem, handled elsewhere",
        )


def require_mergeable(incident: Incident) -> None:
    """Raise `Refused` for an incident that cannot go on in another one, whichever that is."""
    if incident.status is Status.MERGED:
        raise Refused(f"{incident.id} is merged into INC-{incident.merged_into} already.", "show")
    if incident.status is Status.CANCELLED:
        raise Refused(f"{incident.id} was a false alarm. Reopen it first if it was real.", "reopen It was real")


def merge(incident: Incident, target: Incident, actor: str, now: datetime) -> Change:
    """End the incident as merged into `target`. What it recorded stays, its roles and times included."""
    check_merge(incident, target)
    changed = replace(
        incident, status=Status.MERGED, ended_at=incident.ended_at or now, merged_into=target.number, snooze=None
    )
    text = f"merged into {target.id}" + ("" if target.private else f": {target.title}")
    record = entry(
        now, "merged", actor, text, into=target.number, channel=_channel(target), before=str(incident.status)
    )
    return Change(changed, (record,))


def absorb(
    target: Incident, incident: Incident, actor: str, policy: Policy, now: datetime, inside: Collection[str] | None
) -> Change:
    """Take another incident's people in: who holds a role there that is empty here keeps it here.

    Nobody loses a role. `inside` are the people who may see a private target, None for everybody: others get no role.
    `incident` is the other one as it was before the merge.
    """
    merged = tuple(dict.fromkeys((*target.merged, incident.number, *incident.merged)))
    text = f"{incident.id} was merged into this incident" + ("" if incident.private else f": {incident.title}")
    change = Change(
        replace(target, merged=merged),
        (entry(now, "merged", actor, text, merged=incident.number, channel=_channel(incident)),),
    )
    if not target.open:
        return change
    titles = {duty.key: duty.title for duty in policy.roles}
    for role, user in incident.roles.items():
        if role in titles and role not in change.incident.roles and (inside is None or user in inside):
            transfer = _with_role(change.incident, incident, role, titles[role], actor, now)
            change = Change(transfer.incident, (*change.entries, *transfer.entries))
    return change


def _channel(incident: Incident) -> str | None:
    """The channel to link to; None of a private incident, whose ID alone is shown."""
    return None if incident.private else incident.channel_id


def _with_role(target: Incident, incident: Incident, role: str, title: str, actor: str, now: datetime) -> Change:
    """The target with a role held as in the other incident. That makes nobody a responder of the target."""
    user = incident.roles[role]
    grants = target.role_grants
    if role in incident.role_grants:
        grants = {**grants, role: incident.role_grants[role]}
    text = f"{title}: {user_mention(user)}"
    record = entry(now, "role", actor, text, role=role, title=title, user=user, before=None)
    return Change(replace(target, roles={**target.roles, role: user}, role_grants=grants), (record,))

"""Repeats people's acts of a past incident, as its timeline records them, by the functions of the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import incident as verbs
from bot.domain.errors import TocsinError
from bot.domain.incident import Change, Incident
from bot.domain.incident.status import Status
from bot.domain.outcome import Outcome, PageCause, of_paging
from bot.domain.paging import ladder
from bot.domain.paging.context import PagingContext
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import BOT, Entry

Act = Callable[[Incident, Entry, Policy], Change]
SOON = timedelta(seconds=1)  # a promise for an instant that has passed


def repeat(incident: Incident, entry: Entry, context: PagingContext) -> Outcome:
    """The incident after a person's act. What the other policy does not know, or does not allow, changes nothing."""
    try:
        if entry.kind == "escalated" and entry.data.get("by_hand") and "trigger" not in entry.data:
            return _escalate(incident, entry, context)
        if entry.kind == "page" and entry.actor != BOT and entry.data.get("rung") is None:
            return Outcome(Change(incident, (entry,)))  # by name: another policy changes nothing about it
        act = _ACTS.get(entry.kind)
        return Outcome(act(incident, entry, context.policy) if act else Change(incident))
    except TocsinError:
        return Outcome(Change(incident))


def _escalate(incident: Incident, entry: Entry, context: PagingContext) -> Outcome:
    ladder.check_escalatable(incident)
    paging = ladder.page_next_rung(incident, context, "", entry.actor)
    cause = PageCause(f"<@{entry.actor}> escalated", f"manual:{entry.at.timestamp()}")
    return of_paging(incident, paging, cause, context)


def _acknowledge(incident: Incident, entry: Entry, _: Policy) -> Change:
    return verbs.acknowledge(incident, entry.actor, entry.at)


def _status(incident: Incident, entry: Entry, policy: Policy) -> Change:
    return verbs.move(incident, Status(entry.data["after"]), entry.actor, policy, entry.at)


def _severity(incident: Incident, entry: Entry, policy: Policy) -> Change:
    return verbs.change_severity(incident, str(entry.data["after"]), entry.actor, policy, entry.at)


def _role(incident: Incident, entry: Entry, policy: Policy) -> Change:
    role, user = str(entry.data["role"]), entry.data.get("user")
    if user:
        return verbs.assign(incident, role, str(user), entry.actor, policy, entry.at)
    return verbs.clear_role(incident, role, entry.actor, policy, entry.at)


def _update(incident: Incident, entry: Entry, policy: Policy) -> Change:
    return verbs.update(incident, entry.text or "…", entry.actor, policy, entry.at)


def _snooze(incident: Incident, entry: Entry, _: Policy) -> Change:
    until = entry.data.get("until")
    if not until:
        return Change(replace(incident, snooze=None))
    span = max(SOON, datetime.fromisoformat(str(until)) - entry.at)
    verb = verbs.promise if entry.data.get("promise") else verbs.snooze
    return verb(incident, span, entry.actor, entry.at)


def _resolve(incident: Incident, entry: Entry, _: Policy) -> Change:
    return verbs.resolve(incident, entry.actor, entry.at, summary=entry.text)


def _close(incident: Incident, entry: Entry, _: Policy) -> Change:
    return verbs.close(incident, entry.actor, entry.at)


def _cancel(incident: Incident, entry: Entry, _: Policy) -> Change:
    return verbs.cancel(incident, entry.actor, entry.at, entry.text or "cancelled")


def _reopen(incident: Incident, entry: Entry, policy: Policy) -> Change:
    return verbs.reopen(incident, entry.actor, policy, entry.at, entry.text or "reopened")


_ACTS: dict[str, Act] = {
    "acknowledged": _acknowledge,
    "status": _status,
    "severity": _severity,
    "role": _role,
    "update": _update,
    "snoozed": _snooze,
    "resolved": _resolve,
    "closed": _close,
    "cancelled": _cancel,
    "reopened": _reopen,
}

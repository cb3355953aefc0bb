"""Another policy for an incident that is under way: what would change, in words, and the change itself.

What was paged is not paged again; what the new ladder would have paged by now is left to people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, Ladder, PagedRung, TriggerState, empty_roles, require_open
from bot.domain.incident.due import due_after, roles_due
from bot.domain.incident.handover import open_offers
from bot.domain.paging import calls, triggers
from bot.domain.policy.policy import Policy, Rung, Severity, Trigger
from bot.domain.timeline.entry import Entry
from bot.domain.values import durations

NO_DIFFERENCE = "nothing that this incident goes by"
_SPANS = (
    ("respond_within", "to be acknowledged within"),
    ("update_every", "a status update every"),
    ("escalate_after", "to be mitigated within"),
    ("resolve_within", "to be resolved within"),
    ("review_within", "to be reviewed within"),
)
_BESIDE = {
    "contacts": "contacts", "schedules": "schedules", "nudges": "reminders", "playbooks": "approvals of playbooks",
    "executives": "executives", "fields": "questions of your own", "services": "services", "bookmarks": "bookmarks",
    "links": "links", "audiences": "audiences", "classification": "suggestions of a severity",
    "category_details": "categories", "announce": "the announcement channel",
}  # fmt: skip


def apply(incident: Incident, before: Policy, policy: Policy, actor: str, now: datetime) -> Change:
    """From now on it goes by `policy`. Raises `Refused` where that does not know what the incident has."""
    require_open(incident)
    _check(incident, policy)
    level = policy.severity(incident.severity)
    changed = replace(
        incident,
        policy=policy.digest,
        policy_changes=incident.policy_changes + 1,
        ladder=_carried(incident, before, policy, now),
        update_due_at=_update_due(incident, before.severity(incident.severity), level, now),
        roles_due_at=_roles_due(incident, before, policy, now),
    )
    changed = triggers.fire_holding(changed, policy, now)
    lines = differences(incident, before, policy, now)
    data = {"before": before.digest[:12], "after": policy.digest[:12], "changes": lines, "told": True}
    said = Entry(now, "policy", actor, f"The policy in force: {'; '.join(lines) or NO_DIFFERENCE}", data=data, key=True)
    return Change(changed, (said,))


def _check(incident: Incident, policy: Policy) -> None:
    if incident.severity not in {level.key for level in policy.severities}:
        known = ", ".join(level.key for level in policy.severities)
        said = f"The policy in force has no {incident.severity}; it has {known}. Put {incident.severity} back into it."
        raise Refused(said)
    known_roles = {role.key for role in policy.roles}
    held = {**{one.role: one.to for one in open_offers(incident)}, **incident.roles}
    for role, user in held.items():
        if role not in known_roles:
            said = f"The policy in force has no role {role}, which <@{user}> has or is asked to take. Clear it first."
            raise Refused(said, f"role {role} none")


# --- deadlines --------------------------------------------------------------------------------------------------------


def _update_due(incident: Incident, old: Severity, new: Severity, now: datetime) -> datetime | None:
    """By the new cadence from the last update, or from now where that has passed. What somebody promised stays."""
    promised = incident.promised_by or (incident.snooze and incident.update_due_at == incident.snooze.until)
    if old.update_every == new.update_every or promised:
        return incident.update_due_at
    last = max(filter(None, (incident.updated_at, incident.ladder.started_at)))
    due = due_after(last, new.update_every)
    return due if due is None or due > now else due_after(now, new.update_every)


def _roles_due(incident: Incident, before: Policy, policy: Policy, now: datetime) -> datetime | None:
    level = policy.severity(incident.severity)
    if level.roles == before.severity(incident.severity).roles:
        return incident.roles_due_at
    if incident.roles_due_at is not None and level.roles:
        return incident.roles_due_at
    return roles_due(now, level, policy)


# --- the ladder -------------------------------------------------------------------------------------------------------


def _carried(incident: Incident, before: Policy, policy: Policy, now: datetime) -> Ladder:
    ladder, known = incident.ladder, {level.key for level in policy.severities}
    spent: dict[str, tuple[int, ...]] = {}
    places: dict[int, int] = {}
    for key, numbers in ladder.spent.items():
        if key in known and before.has_severity(key):
            moved, settled = _places(before.severity(key).ladder, policy.severity(key).ladder, numbers, ladder, now)
            spent[key] = tuple(sorted({*moved.values(), *settled}))
            if key == incident.severity:
                places = moved
    new = policy.severity(incident.severity).ladder
    old = before.severity(incident.severity).ladder
    pages = tuple(_page(page, places, old, new, now) for page in ladder.pages)
    tripped = {key: _trip(trip, _named(before, key), _named(policy, key), now) for key, trip in ladder.tripped.items()}
    return replace(ladder, left_behind_at=now, spent=spent, pages=pages, tripped=tripped)


def _places(
    old: Sequence[Rung], new: Sequence[Rung], numbers: Sequence[int], ladder: Ladder, now: datetime
) -> tuple[dict[int, int], set[int]]:
    """Where the rungs that were paged stand now; and others that would only page the same targets again by now."""
    if tuple(old) == tuple(new):
        return {number: number for number in numbers}, set()
    moved: dict[int, int] = {}
    for number in numbers:
        if number > len(old):
            continue
        wanted = set(old[number - 1].notify)
        free = (n for n, rung in enumerate(new, 1) if n not in moved.values() and set(rung.notify) == wanted)
        if (place := next(free, None)) is not None:
            moved[number] = place
    paged = {target for number in numbers if number <= len(old) for target in old[number - 1].notify}
    return moved, {
        n for n, rung in enumerate(new, 1) if set(rung.notify) <= paged and ladder.started_at + rung.after <= now
    }


def _page(
    page: PagedRung, places: dict[int, int], old: Sequence[Rung], new: Sequence[Rung], now: datetime
) -> PagedRung:
    """Under its new number; another interval of repeating counts from now."""
    if page.rung == 0 or page.rung not in places:
        return replace(page, rung=0)
    number = places[page.rung]
    again = new[number - 1].repeat != old[page.rung - 1].repeat
    return replace(page, rung=number, last_at=now if again else page.last_at)


def _named(policy: Policy, key: str) -> Trigger | None:
    return next((one for one in policy.triggers if one.key == key), None)


def _trip(trip: TriggerState, old: Trigger | None, new: Trigger | None, now: datetime) -> TriggerState:
    if trip.last_at is None or new is None or (old and old.rung.repeat == new.rung.repeat):
        return trip
    return replace(trip, last_at=now)


# --- in words ---------------------------------------------------------------------------------------------------------


def differences(incident: Incident, before: Policy, policy: Policy, now: datetime) -> list[str]:
    """What is otherwise for this incident: times, roles, ladder, reasons to page; the rest by name."""
    old, new = before.severity(incident.severity), policy.severity(incident.severity)
    return [
        *_times(incident, old, new, now),
        *_required(incident, before, policy),
        *_executives(old, new),
        *_rungs(incident, before, policy, now),
        *_triggers(before, policy),
        *_beside(incident, before, policy),
    ]


def _times(incident: Incident, old: Severity, new: Severity, now: datetime) -> Iterator[str]:
    for name, words in _SPANS:
        was, is_now = getattr(old, name), getattr(new, name)
        if was == is_now:
            continue
        said = f"{words} {_span(is_now)}, not {_span(was)}" if is_now else f"no longer {words} {_span(was)}"
        yield said + (_over(incident, name, is_now, now) if is_now else "")


def _span(span: durations.Span | None) -> str:
    return durations.exact(span) if span else "at all"


def _over(incident: Incident, name: str, span: durations.Span, now: datetime) -> str:
    ladder = incident.ladder
    answered = {"respond_within": ladder.acknowledged_at, "escalate_after": ladder.mitigated_at}
    if name not in answered or answered[name] or durations.add(ladder.started_at, span) > now:
        return ""
    return " (that time is over: nobody is paged for it)"


def _required(incident: Incident, before: Policy, policy: Policy) -> Iterator[str]:
    old, new = before.severity(incident.severity).roles, policy.severity(incident.severity).roles
    if more := [policy.role(key).title for key in new if key not in old]:
        empty = [policy.role(key).title for key in empty_roles(incident, policy) if key not in old]
        yield f"needed too: {', '.join(more)}" + (f" (nobody is {', '.join(empty)})" if empty else "")
    if less := [before.role(key).title for key in old if key not in new]:
        yield f"no longer needed: {', '.join(less)}"


def _executives(old: Severity, new: Severity) -> Iterator[str]:
    if old.notify_executives != new.notify_executives:
        yield "executives are briefed from now on" if new.notify_executives else "executives are briefed no longer"


def _rungs(incident: Incident, before: Policy, policy: Policy, now: datetime) -> Iterator[str]:
    old, new = before.severity(incident.severity).ladder, policy.severity(incident.severity).ladder
    if old == new:
        return
    if not new:
        yield "no ladder any more: nobody is paged as time passes"
    spent = _carried(incident, before, policy, now).spent.get(incident.severity, ())
    for number, rung in enumerate(new, 1):
        how = ""
        if number in spent:
            how = ": paged already"
        elif incident.ladder.started_at + rung.after <= now:
            how = ": its time is over, only `escalate` pages it now"
        yield f"rung {number} of {len(new)}: {_rung(rung)}{how}"


def _rung(rung: Rung) -> str:
    whom = ", ".join(target.removeprefix("contact:").replace(":", " ", 1) for target in rung.notify)
    ways = ", ".join(calls.label(method) for method in rung.by)
    again = f", again every {durations.exact(rung.repeat)}" if rung.repeat else ""
    when = f"after {durations.exact(rung.after)}" if rung.after > timedelta() else "at once"
    return f"{whom} by {ways} {when}{again}"


def _triggers(before: Policy, policy: Policy) -> Iterator[str]:
    old, new = ({one.key: one for one in each.triggers} for each in (before, policy))
    for key, trigger in new.items():
        if key not in old:
            yield f"one more reason to page: {trigger.name} ({_rung(trigger.rung)})"
        elif old[key] != trigger:
            yield f"reason to page changed: {trigger.name} ({_rung(trigger.rung)})"
    for key, trigger in old.items():
        if key not in new:
            yield f"no reason to page any more: {trigger.name}"


def _beside(incident: Incident, before: Policy, policy: Policy) -> Iterator[str]:
    """What this incident may come to go by, without the details."""
    found = [words for name, words in _BESIDE.items() if getattr(before, name) != getattr(policy, name)]
    if _roles_in_words(before) != _roles_in_words(policy):
        found.insert(0, "titles or duties of roles")
    if [one for one in before.severities if one.key != incident.severity] != [
        one for one in policy.severities if one.key != incident.severity
    ]:
        found.insert(0, "other severities")
    if found:
        yield f"also other: {', '.join(found)}"


def _roles_in_words(policy: Policy) -> set[tuple[str, str, tuple[str, ...], str | None]]:
    return {(role.key, role.title, role.duties, role.backup) for role in policy.roles}


def is_unchanged(incident: Incident, current: Policy, policy: Policy) -> bool:
    """Whether there is nothing to bring to it."""
    return policy.digest in (incident.policy, current.digest)

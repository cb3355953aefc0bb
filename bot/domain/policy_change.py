"""Computes how an incident under way changes under another policy, and lists the differences in words.

Rungs (steps of the escalation ladder) that were paged are not paged again. The bot does not page rungs of the new
ladder that would be overdue by now; people decide about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, Ladder, PagedRung, TriggerState, empty_roles, require_open
from bot.domain.incident.due import next_after, roles_due
from bot.domain.incident.handover import open_offers
from bot.domain.paging import calls, triggers
from bot.domain.policy.policy import Policy, Rung, Severity, Trigger
from bot.domain.timeline.entry import BOT, Entry
from bot.domain.values import durations
from bot.domain.values.slack_ids import user_mention
from bot.domain.values.target import targets_text

NO_DIFFERENCE = "nothing that this incident goes by"
_TIMES = (
    ("respond_within", "to be acknowledged within"),
    ("update_every", "a status update every"),
    ("escalate_after", "to be mitigated within"),
    ("resolve_within", "to be resolved within"),
    ("review_within", "to be reviewed within"),
)
# Parts of a policy whose difference is told by name alone.
_OTHER_PARTS = {
    "contacts": "contacts", "schedules": "schedules", "nudges": "reminders", "playbooks": "approvals of playbooks",
    "executives": "executives", "fields": "questions of your own", "services": "services", "bookmarks": "bookmarks",
    "links": "links", "audiences": "audiences", "templates": "templates of messages",
    "communications": "what messages say of the organisation", "classification": "suggestions of a severity",
    "category_details": "categories", "announce": "the announcement channel", "timezone": "the time zone",
}  # fmt: skip


def apply(incident: Incident, before: Policy, policy: Policy, actor: str, now: datetime) -> Change:
    """Let the incident follow `policy` from now on.

    Raises `Refused` when the policy lacks the incident's severity, or a role that is held or offered.
    """
    require_open(incident)
    _check(incident, policy)
    changed = replace(
        incident,
        policy=policy.digest,
        policy_changes=incident.policy_changes + 1,
        ladder=_carried_over(incident, before, policy, now),
        update_due_at=_update_due(incident, before, policy, now),
        roles_due_at=_roles_due(incident, before, policy, now),
    )
    changed = triggers.fire_holding(changed, policy, now)
    lines = differences(incident, before, policy, now)
    text = f"The policy in force: {'; '.join(lines) or NO_DIFFERENCE}"
    data = {"before": before.digest[:12], "after": policy.digest[:12], "changes": lines, "told": True}
    return Change(changed, (Entry(now, "policy", actor, text, data=data, key=True),))


def follow_services(change: Change, before: Policy, policy: Policy, now: datetime) -> Change:
    """Page by the ladder of the services that the change leaves. Rungs that are due by it already page at once."""
    incident = change.incident
    if not incident.open:
        return change
    carried = replace(_carried_over(incident, before, policy, now), left_behind_at=incident.ladder.left_behind_at)
    changed = replace(incident, policy_changes=incident.policy_changes + 1, ladder=carried)
    lines = list(_rungs(incident, before, policy, now))
    record = Entry(now, "policy", BOT, "The ladder of the affected services pages from now on", data={"changes": lines})
    return Change(changed, (*change.entries, record))


def is_unchanged(incident: Incident, current: Policy, policy: Policy) -> bool:
    """Whether the incident follows `policy` already."""
    return policy.digest in (incident.policy, current.digest)


def _check(incident: Incident, policy: Policy) -> None:
    keys = [level.key for level in policy.severities]
    if incident.severity not in keys:
        raise Refused(
            f"The policy in force has no {incident.severity}; it has {', '.join(keys)}. "
            f"Put {incident.severity} back into it."
        )
    roles = {role.key for role in policy.roles}
    people = {**{offer.role: offer.to for offer in open_offers(incident)}, **incident.roles}
    for role, user in people.items():
        if role not in roles:
            raise Refused(
                f"The policy in force has no role {role}, which {user_mention(user)} has or is asked to take. "
                "Clear it first.",
                f"role {role} none",
            )


# --- deadlines --------------------------------------------------------------------------------------------------------


def _update_due(incident: Incident, before: Policy, policy: Policy, now: datetime) -> datetime | None:
    """When the next update is due by the new cadence, counted from the last update; a promise or a snooze stays."""
    promised = incident.promised_by or (incident.snooze and incident.update_due_at == incident.snooze.until)
    old, new = before.severity(incident.severity).update_every, policy.severity(incident.severity).update_every
    same_cadence = old == new and (before.timezone == policy.timezone or not isinstance(new, durations.BusinessDays))
    if same_cadence or promised:
        return incident.update_due_at
    last = max(filter(None, (incident.updated_at, incident.ladder.started_at)))
    return next_after(last, new, now, policy.zone)


def _roles_due(incident: Incident, before: Policy, policy: Policy, now: datetime) -> datetime | None:
    level = policy.severity(incident.severity)
    if level.roles == before.severity(incident.severity).roles:
        return incident.roles_due_at
    if incident.roles_due_at is not None and level.roles:
        return incident.roles_due_at
    return roles_due(now, level, policy)


# --- the ladder -------------------------------------------------------------------------------------------------------


def _carried_over(incident: Incident, before: Policy, policy: Policy, now: datetime) -> Ladder:
    """The ladder's progress under the rung numbers of the new policy."""
    ladder, severities = incident.ladder, {level.key for level in policy.severities}
    spent: dict[str, tuple[int, ...]] = {}
    renumbered: dict[int, int] = {}
    for key, numbers in ladder.spent.items():
        if key in severities and before.has_severity(key):
            moved, covered = _renumber(before.severity(key).ladder, policy.severity(key).ladder, numbers, ladder, now)
            spent[key] = tuple(sorted({*moved.values(), *covered}))
            if key == incident.severity:
                renumbered = moved
    new = policy.severity(incident.severity).ladder
    old = before.severity(incident.severity).ladder
    pages = tuple(_renumbered_page(page, renumbered, old, new, now) for page in ladder.pages)
    tripped = {
        key: _trigger_state(state, _trigger(before, key), _trigger(policy, key), now)
        for key, state in ladder.tripped.items()
    }
    return replace(ladder, left_behind_at=now, spent=spent, pages=pages, tripped=tripped)


def _renumber(
    old: Sequence[Rung], new: Sequence[Rung], numbers: Sequence[int], ladder: Ladder, now: datetime
) -> tuple[dict[int, int], set[int]]:
    """New numbers of the rungs that were paged, and overdue new rungs whose targets have all been paged."""
    if tuple(old) == tuple(new):
        return {number: number for number in numbers}, set()
    moved: dict[int, int] = {}
    for number in numbers:
        if number > len(old):
            continue
        targets = set(old[number - 1].notify)
        free = (n for n, rung in enumerate(new, 1) if n not in moved.values() and set(rung.notify) == targets)
        if (new_number := next(free, None)) is not None:
            moved[number] = new_number
    paged = {target for number in numbers if number <= len(old) for target in old[number - 1].notify}
    return moved, {
        n for n, rung in enumerate(new, 1) if set(rung.notify) <= paged and ladder.started_at + rung.after <= now
    }


def _renumbered_page(
    page: PagedRung, renumbered: dict[int, int], old: Sequence[Rung], new: Sequence[Rung], now: datetime
) -> PagedRung:
    """The page under its new number, 0 where the rung is gone; a changed interval of repeating counts from now."""
    if page.rung == 0 or page.rung not in renumbered:
        return replace(page, rung=0)
    number = renumbered[page.rung]
    interval_changed = new[number - 1].repeat != old[page.rung - 1].repeat
    return replace(page, rung=number, last_at=now if interval_changed else page.last_at)


def _trigger(policy: Policy, key: str) -> Trigger | None:
    return next((trigger for trigger in policy.triggers if trigger.key == key), None)


def _trigger_state(state: TriggerState, old: Trigger | None, new: Trigger | None, now: datetime) -> TriggerState:
    """The state of a fired trigger; a changed interval of repeating counts from now."""
    if state.last_at is None or new is None or (old and old.rung.repeat == new.rung.repeat):
        return state
    return replace(state, last_at=now)


# --- in words ---------------------------------------------------------------------------------------------------------


def differences(incident: Incident, before: Policy, policy: Policy, now: datetime) -> list[str]:
    """The differences for this incident: times, roles, ladder and triggers in words, other parts by name."""
    old, new = before.severity(incident.severity), policy.severity(incident.severity)
    return [
        *_times(incident, before, policy, now),
        *_required_roles(incident, before, policy),
        *_executives(old, new),
        *_rungs(incident, before, policy, now),
        *_triggers(before, policy),
        *_other_parts(incident, before, policy),
    ]


def _times(incident: Incident, before: Policy, policy: Policy, now: datetime) -> Iterator[str]:
    old, new = before.severity(incident.severity), policy.severity(incident.severity)
    for name, label in _TIMES:
        old_span, new_span = getattr(old, name), getattr(new, name)
        if old_span == new_span:
            continue
        if not new_span:
            yield f"no longer {label} {_span(old_span)}"
            continue
        due_at = durations.add(incident.ladder.started_at, new_span, policy.zone)
        over = " (that time is over: nobody is paged for it)" if _is_over(incident, name, due_at, now) else ""
        yield f"{label} {_span(new_span)}, not {_span(old_span)}{over}"


def _span(span: durations.Span | None) -> str:
    return durations.exact(span) if span else "at all"


def _is_over(incident: Incident, name: str, due_at: datetime, now: datetime) -> bool:
    """Whether a target that pages people was due by now without being reached."""
    ladder = incident.ladder
    reached_at = {"respond_within": ladder.acknowledged_at, "escalate_after": ladder.mitigated_at}
    return name in reached_at and not reached_at[name] and due_at <= now


def _required_roles(incident: Incident, before: Policy, policy: Policy) -> Iterator[str]:
    old, new = before.severity(incident.severity).roles, policy.severity(incident.severity).roles
    if added := [policy.role(key).title for key in new if key not in old]:
        empty = [policy.role(key).title for key in empty_roles(incident, policy) if key not in old]
        yield f"needed too: {', '.join(added)}" + (f" (nobody is {', '.join(empty)})" if empty else "")
    if removed := [before.role(key).title for key in old if key not in new]:
        yield f"no longer needed: {', '.join(removed)}"


def _executives(old: Severity, new: Severity) -> Iterator[str]:
    if old.notify_executives != new.notify_executives:
        yield "executives are briefed from now on" if new.notify_executives else "executives are briefed no longer"


def _rungs(incident: Incident, before: Policy, policy: Policy, now: datetime) -> Iterator[str]:
    old, new = before.severity(incident.severity).ladder, policy.severity(incident.severity).ladder
    if old == new:
        return
    if not new:
        yield "no ladder any more: nobody is paged as time passes"
    spent = _carried_over(incident, before, policy, now).spent.get(incident.severity, ())
    for number, rung in enumerate(new, 1):
        note = ""
        if number in spent:
            note = ": paged already"
        elif incident.ladder.started_at + rung.after <= now:
            note = ": its time is over, only `escalate` pages it now"
        yield f"rung {number} of {len(new)}: {_rung(rung)}{note}"


def _rung(rung: Rung) -> str:
    methods = ", ".join(calls.label(method) for method in rung.by)
    repeats = f", again every {durations.exact(rung.repeat)}" if rung.repeat else ""
    when = f"after {durations.exact(rung.after)}" if rung.after > timedelta() else "at once"
    return f"{targets_text(rung.notify)} by {methods} {when}{repeats}"


def _triggers(before: Policy, policy: Policy) -> Iterator[str]:
    old, new = ({trigger.key: trigger for trigger in version.triggers} for version in (before, policy))
    for key, trigger in new.items():
        if key not in old:
            yield f"one more reason to page: {trigger.name} ({_rung(trigger.rung)})"
        elif old[key] != trigger:
            yield f"reason to page changed: {trigger.name} ({_rung(trigger.rung)})"
    for key, trigger in old.items():
        if key not in new:
            yield f"no reason to page any more: {trigger.name}"


def _other_parts(incident: Incident, before: Policy, policy: Policy) -> Iterator[str]:
    """Parts that may matter to the incident later, by name."""
    parts = [label for name, label in _OTHER_PARTS.items() if getattr(before, name) != getattr(policy, name)]
    if _role_texts(before) != _role_texts(policy):
        parts.insert(0, "titles or duties of roles")
    if _other_severities(incident, before) != _other_severities(incident, policy):
        parts.insert(0, "other severities")
    if parts:
        yield f"also other: {', '.join(parts)}"


def _role_texts(policy: Policy) -> set[tuple[str, str, tuple[str, ...], str | None]]:
    return {(role.key, role.title, role.duties, role.backup) for role in policy.roles}


def _other_severities(incident: Incident, policy: Policy) -> list[Severity]:
    return [level for level in policy.severities if level.key != incident.severity]

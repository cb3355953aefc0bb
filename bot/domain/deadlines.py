"""Deadlines: what the process will ask for next, and when. Computed, never scheduled by hand.

`plan` says which deadlines an incident has now; storage keeps one row for each. `decide_nudge` says, when one has
lapsed, what to do about it and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.incident import Incident, Ladder, Timer, empty_roles, handover, update_owed_by
from bot.domain.oncall import shift_change
from bot.domain.paging import triggers
from bot.domain.policy.policy import Policy, Severity
from bot.domain.values import durations
from bot.domain.values.slack_ids import is_user_id, user_mention


class DeadlineState(StrEnum):
    """Of a row in the ledger. `due` is ours alone: decided, waiting for its message to go out."""

    WAITING = "waiting"
    DUE = "due"
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Deadline:
    """`dedup_key` is unique for ever: an occurrence that was sent or skipped is never armed again."""

    dedup_key: str
    kind: str
    due_at: datetime
    reason: str
    rung: int | None = None


def plan(incident: Incident, policy: Policy) -> tuple[Deadline, ...]:
    """Every deadline this incident has now. None of them outlives it. A drill has its ladder too, and pages nobody."""
    if not incident.open:
        return ()
    level = policy.severity(incident.severity)
    found = [_update(incident, level), _roles(incident, policy)]
    found += _handovers(incident)
    found += _shift_changes(incident)
    found += [_respond(incident, level), _mitigate(incident, level), *_rungs(incident, level)]
    found += _triggers(incident, policy)
    found += _playbooks(incident)
    return tuple(deadline for deadline in found if deadline is not None)


def _update(incident: Incident, level: Severity) -> Deadline | None:
    if incident.update_due_at is None:
        return None
    if incident.snooze and incident.update_due_at == incident.snooze.until:
        why = f"snoozed by <@{incident.snooze.by}>"
    elif incident.promised_by:
        why = f"<@{incident.promised_by}> promised the next update by then"
    else:
        why = (
            f"{level.key} asks for an update every {durations.exact(level.update_every)}" if level.update_every else ""
        )
    dedup_key = f"update:{incident.number}:{incident.episode}:{incident.updates}:{incident.unanswered}"
    return Deadline(dedup_key, "update", incident.update_due_at, why)


def _roles(incident: Incident, policy: Policy) -> Deadline | None:
    missing = empty_roles(incident, policy)
    if not missing or incident.roles_due_at is None:
        return None
    titles = ", ".join(policy.role(key).title for key in missing)
    if incident.snooze and incident.roles_due_at == incident.snooze.until:
        why = f"snoozed by <@{incident.snooze.by}>; {titles} still empty"
    else:
        why = f"{incident.severity} needs {titles}"
    dedup_key = f"role:{incident.number}:{incident.episode}:{incident.roles_asked}:{','.join(missing)}"
    return Deadline(dedup_key, "role", incident.roles_due_at, why)


def _handovers(incident: Incident) -> list[Deadline]:
    """Whoever was asked to take a role over is to answer: asked again once, then the ladder."""
    found = []
    for asked in handover.open_offers(incident):
        then = "the next rung is paged" if asked.nudged else "they are asked again"
        why = f"<@{asked.to}> is to accept or decline {asked.role}; without an answer {then}"
        dedup_key = f"handover:{incident.number}:{incident.episode}:{asked.number}:{int(asked.nudged)}"
        found.append(Deadline(dedup_key, "role", asked.due_at, why))
    return found


def _shift_changes(incident: Incident) -> list[Deadline]:
    """Somebody who holds a role is on call no longer: they are offered to hand it over."""
    return [
        Deadline(
            shift_change.deadline_key(incident, turn),
            "role",
            turn.ends_at,
            f"<@{turn.user}>'s turn on {turn.schedule} ends: they are offered to hand over {turn.role}",
        )
        for turn in shift_change.pending(incident)
    ]


def _respond(incident: Incident, level: Severity) -> Deadline | None:
    if level.respond_within is None or incident.ladder.acknowledged_at is not None:
        return None
    due = _target(incident.ladder, f"acknowledge:{level.key}", level.respond_within)
    if due is None:
        return None
    why = f"{level.key} is to be acknowledged within {durations.exact(level.respond_within)}"
    return Deadline(f"respond:{incident.number}:{incident.episode}:{level.key}", "acknowledge", due, why)


def _mitigate(incident: Incident, level: Severity) -> Deadline | None:
    if level.escalate_after is None or incident.ladder.mitigated_at is not None:
        return None
    due = _target(incident.ladder, f"mitigate:{level.key}", level.escalate_after)
    if due is None:
        return None
    why = f"{level.key} escalates when it is not mitigated within {durations.exact(level.escalate_after)}"
    return Deadline(f"mitigate:{incident.number}:{incident.episode}:{level.key}", "mitigate", due, why)


def _target(ladder: Ladder, name: str, span: durations.Span) -> datetime | None:
    """When it lapses. None where it has, or where it belongs to a severity that was left behind."""
    due = durations.add(ladder.started_at, span)
    behind = ladder.left_behind_at is not None and due <= ladder.left_behind_at
    return None if behind or name in ladder.fired else due


def _rungs(incident: Incident, level: Severity) -> list[Deadline]:
    """Each rung that may still page by time, and the repeats of those that did."""
    ladder, found = incident.ladder, []
    spent = ladder.spent.get(level.key, ())
    paged = {page.rung: page for page in ladder.pages}
    for number, rung in enumerate(level.ladder, 1):
        if _satisfied(incident, rung.until):
            continue
        kind = "acknowledge" if rung.until == "acknowledged" else "mitigate"
        base = f"rung:{incident.number}:{incident.paging_round}:{level.key}:{number}"
        targets = _targets(rung.notify)
        if number not in spent:
            due = ladder.started_at + rung.after
            if ladder.left_behind_at and due <= ladder.left_behind_at:
                continue
            why = f"{targets}: paged after {durations.exact(rung.after)} unless {rung.until}"
            found.append(Deadline(base, kind, due, why, number))
        elif rung.repeat and number in paged:
            page = paged[number]
            why = f"{targets}: paged again every {durations.exact(rung.repeat)} until {rung.until}"
            found.append(Deadline(f"{base}:{page.times}", kind, page.last_at + rung.repeat, why, number))
    return found


def _triggers(incident: Incident, policy: Policy) -> list[Deadline]:
    found = []
    for one in triggers.due(incident, policy):
        rung = one.trigger.rung
        if _satisfied(incident, rung.until):
            continue
        kind = "acknowledge" if rung.until == "acknowledged" else "mitigate"
        again = f":{one.times}" if one.times else ""
        dedup_key = f"trigger:{incident.number}:{incident.episode}:{one.trigger.key}{again}"
        found.append(
            Deadline(dedup_key, kind, one.at, f"{one.trigger.name}: {_targets(rung.notify)} paged unless {rung.until}")
        )
    return found


def _targets(notify: Sequence[str]) -> str:
    """`schedule:secondary` as people say it: schedule secondary; a contact by its name alone."""
    return ", ".join(target.removeprefix("contact:").replace(":", " ", 1) for target in notify)


def _playbooks(incident: Incident) -> list[Deadline]:
    """Steps that take long, and requests for approval. What lapsed before a reopening is given its time anew."""
    began = incident.ladder.started_at
    return [
        Deadline(
            playbook_timer_key(incident, timer),
            "playbook",
            timer.at if timer.at >= began else began + timer.span,
            timer.why,
        )
        for walking in incident.walks
        for timer in walking.timers
    ]


def playbook_timer_key(incident: Incident, timer: Timer) -> str:
    """`step:42:1:2:2.3:1:0`: incident, episode, walk, step, then what the walk counts."""
    sort, _, rest = timer.name.partition(":")
    return f"{sort}:{incident.number}:{incident.episode}:{rest}"


def _satisfied(incident: Incident, until: str) -> bool:
    if until == "acknowledged":
        return incident.ladder.acknowledged_at is not None
    if until == "mitigated":
        return incident.ladder.mitigated_at is not None
    return not incident.open


def mention_or_name(person: str) -> str:
    """A Slack ID as a mention; whoever acknowledged elsewhere by their address or name."""
    return user_mention(person) if is_user_id(person) else person


def withdrawal_reason(dedup_key: str, before: Incident, after: Incident) -> str:
    """Why a deadline that was planned for `before` is not planned for `after`, in words for the ledger."""
    if not after.open:
        return f"the incident is {after.status}"
    if after.policy != before.policy:
        return "another policy was brought to the incident"
    kind = dedup_key.split(":", 1)[0]
    if kind == "update":
        return f"answered by update #{after.updates}" if after.updates > before.updates else "superseded"
    if kind == "role":
        return "the roles changed"
    if kind == "shift":
        return "the role, or the schedule, changed"
    if kind == "handover":
        return handover_ended(int(dedup_key.split(":")[3]), before, after)
    if kind in ("step", "approval"):
        walk = int(dedup_key.split(":")[3])
        return next((one.last for one in after.walks if one.number == walk and one.last), "the playbook went on")
    if after.severity != before.severity:
        return f"the severity is now {after.severity}"
    if after.ladder.acknowledged_at and not before.ladder.acknowledged_at:
        return f"acknowledged by {mention_or_name(after.acknowledged_by or 'somebody')}"
    if after.ladder.mitigated_at and not before.ladder.mitigated_at:
        return "mitigated"
    return "the incident moved on"


def handover_ended(number: int, before: Incident, after: Incident) -> str:
    """How an offer ended that stood before and does not now."""
    asked = next((one for one in before.handovers if one.number == number), None)
    if not after.open:
        return f"the incident is {after.status}"
    if asked is None:
        return "the roles changed"
    if after.roles.get(asked.role) == asked.to:
        return f"accepted by <@{asked.to}>"
    if after.roles.get(asked.role) != asked.holder:
        return "the role went to somebody else"
    if after.handovers_asked > before.handovers_asked:
        return "somebody else was asked instead"
    return "declined"


@dataclass(frozen=True, slots=True)
class Activity:
    """What people did in the channel of late."""

    recent: int = 0  # messages from people within the policy's `busy_within`
    last_at: datetime | None = None  # of the last message from a person


@dataclass(frozen=True, slots=True)
class Nudge:
    """What a lapsed update or role deadline asks for. `reason` is its name in the ledger."""

    reason: str
    owes_update: bool
    missing: tuple[str, ...]
    mention: tuple[str, ...]
    soft: bool
    late: timedelta | None
    page: bool
    next_update_at: datetime | None
    next_roles_at: datetime | None


LATE_AFTER = timedelta(seconds=60)


def decide_nudge(
    incident: Incident, policy: Policy, kind: str, due_at: datetime, activity: Activity, now: datetime
) -> Nudge:
    """What to say about a lapsed `update` or `role` deadline; missed occurrences coalesce into this one."""
    level = policy.severity(incident.severity)
    owes_update = incident.update_due_at is not None and incident.update_due_at <= now
    missing = empty_roles(incident, policy)
    late = now - due_at if is_late(now - due_at, level.update_every) else None
    busy = activity.recent >= policy.nudges.busy
    soft = busy and incident.unanswered == 0 and kind == "update"
    silent = owes_update and incident.unanswered >= 1 and _silent_for_two_cadences(incident, level, activity, now)
    page = silent and not incident.ladder.silence_paged and not incident.drill
    return Nudge(
        reason=_reason(kind, incident, soft, page, late),
        owes_update=owes_update,
        missing=missing,
        mention=() if soft else _mention(incident, kind, owes_update),
        soft=soft,
        late=late,
        page=page,
        next_update_at=_rearm(incident.update_due_at, level.update_every, now)
        if owes_update
        else incident.update_due_at,
        next_roles_at=_rearm(incident.roles_due_at, policy.nudges.roles_every or level.update_every, now),
    )


def is_late(by: timedelta, cadence: durations.Span | None) -> bool:
    """Late enough to say so: over a minute, or over a quarter of a short cadence."""
    quarter = cadence / 4 if isinstance(cadence, timedelta) else LATE_AFTER
    return by > min(LATE_AFTER, quarter) and by > timedelta(seconds=2)


def _rearm(due_at: datetime | None, cadence: durations.Span | None, now: datetime) -> datetime | None:
    """From when the last was due, or from now where that has passed, so that late ones never bunch."""
    if due_at is None or cadence is None:
        return None
    following = durations.add(due_at, cadence)
    return following if following > now else durations.add(now, cadence)


def _silent_for_two_cadences(incident: Incident, level: Severity, activity: Activity, now: datetime) -> bool:
    if not isinstance(level.update_every, timedelta):
        return False
    since = max(filter(None, (activity.last_at, incident.updated_at, incident.ladder.started_at)))
    return now - since >= 2 * level.update_every


def _mention(incident: Incident, kind: str, owes_update: bool) -> tuple[str, ...]:
    commander = incident.roles.get("commander")
    if not owes_update:
        return (commander or incident.declared_by,)
    owed = update_owed_by(incident)
    if incident.unanswered >= 2 and commander and commander != owed:
        return (owed, commander)
    return (owed,)


def _reason(kind: str, incident: Incident, soft: bool, page: bool, late: timedelta | None) -> str:
    if page:
        name = "two whole cadences of silence: the ladder was paged"
    elif soft:
        name = "softened: the channel is busy"
    elif kind == "role":
        name = "required roles are empty"
    elif incident.unanswered >= 2:
        name = f"unanswered {incident.unanswered} times: the commander is asked"
    else:
        name = "an update is due"
    return f"{name} (late by {durations.approximate(late)})" if late else name

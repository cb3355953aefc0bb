"""Plans the deadlines of an incident: what has to happen by when, computed from its state and the policy.

Storage keeps one row for each planned deadline. A change of the incident plans all of them again, so that nothing is
scheduled by hand. `bot.domain.lapsed` decides what to do when a deadline has lapsed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TypeVar

from bot.domain.communications import stages
from bot.domain.incident import Incident, Ladder, empty_roles, handover, review_agenda, review_reminders
from bot.domain.oncall import shift_change
from bot.domain.paging import personal, triggers
from bot.domain.paging.calls import label
from bot.domain.paging.ladder import is_reached
from bot.domain.policy.policy import Policy, Severity, Until
from bot.domain.routing import keys
from bot.domain.routing.keys import (
    AgendaSubject,
    ApprovalSubject,
    CommsSubject,
    HandoverSubject,
    MitigateSubject,
    PersonSubject,
    PlaySubject,
    RehearsalSubject,
    RespondSubject,
    ReviewSubject,
    RoleSubject,
    RungSubject,
    ShiftSubject,
    StepSubject,
    Subject,
    TriggerSubject,
    UpdateSubject,
)
from bot.domain.values import durations
from bot.domain.values.slack_ids import is_user_id, user_mention
from bot.domain.values.target import targets_text

S = TypeVar("S")


class DeadlineState(StrEnum):
    """State of a row in the ledger. The values are persisted."""

    WAITING = "waiting"
    DUE = "due"  # acted on; its message has not gone out yet
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that has to happen by an instant, or else the bot acts."""

    dedup_key: str  # unique for ever: a deadline that was sent or skipped is never planned again under it
    kind: str  # what is asked for, in the words of the JSON contract: update, role, acknowledge, mitigate, playbook
    due_at: datetime
    reason: str  # in the words of the ledger
    rung: int | None = None  # the rung of the ladder that it pages
    subject: Subject | None = None  # what it is about, with the rule that it belongs to; None: of another version

    def about(self, kind: type[S]) -> S:
        """The deadline's subject, as the type `kind`. Raises `TypeError` where the subject is of another type."""
        if not isinstance(self.subject, kind):
            raise TypeError(f"{self.dedup_key} is no {kind.__name__}")
        return self.subject


def plan(incident: Incident, policy: Policy) -> tuple[Deadline, ...]:
    """Every deadline the incident has now; after its end that of its review. A drill has a ladder that pages nobody."""
    if not incident.open:
        return (*_rehearsal(incident), *_play(incident), *_review(incident, policy), *_agenda(incident))
    level = policy.severity(incident.severity)
    deadlines = (
        _update(incident, level),
        _roles(incident, policy),
        _communications(incident, policy),
        *_handovers(incident, policy),
        *_shift_changes(incident),
        _respond(incident, level, policy.zone),
        _mitigate(incident, level, policy.zone),
        *_rungs(incident, level),
        *_people(incident, level, policy),
        *_triggers(incident, policy),
        *_playbooks(incident),
        *_rehearsal(incident),
        *_play(incident),
    )
    return tuple(deadline for deadline in deadlines if deadline is not None)


def _review(incident: Incident, policy: Policy) -> tuple[Deadline, ...]:
    """When the facilitator is reminded of the review next, in working hours; nothing once it is completed."""
    at = review_reminders.next_at(incident, policy.zone)
    if at is None or incident.review is None:
        return ()
    review = incident.review
    subject = ReviewSubject(incident.episode, review.reminders, review.scheduled)
    return (_deadline(incident, subject, "review", at, review_reminders.reason(review, at, policy.zone)),)


def _agenda(incident: Incident) -> tuple[Deadline, ...]:
    """When the next point of the review's meeting begins."""
    point = review_agenda.next_point(incident)
    if point is None or incident.review is None:
        return ()
    subject = AgendaSubject(incident.episode, incident.review.scheduled, point.number)
    why = f"the review takes place: {point.title}" if point.title else "the time of the review is up"
    return (_deadline(incident, subject, "review", point.begins_at, why),)


def _rehearsal(incident: Incident) -> tuple[Deadline, ...]:
    """When a drill of a Slack outage ends. An ended incident has it too: its channel is still to be made."""
    if incident.rehearsal is None or incident.rehearsal.over_wall is not None:
        return ()
    why = "the drill withholds what goes to Slack until then"
    return (_deadline(incident, RehearsalSubject(incident.episode), "rehearsal", incident.rehearsal.until, why),)


def _play(incident: Incident) -> tuple[Deadline, ...]:
    """When a drill plays the next event of its past incident. Once the drill has ended, the comparison is due."""
    plays = incident.plays
    if plays is None or plays.compared:
        return ()
    if not incident.open:
        subject = PlaySubject(incident.episode, plays.turn, over=True)
        return (_deadline(incident, subject, "drill", incident.ended_at or incident.declared_at, "then and now"),)
    if plays.next_at is None:
        return ()
    why = f"the drill plays what came in in INC-{plays.of}"
    return (_deadline(incident, PlaySubject(incident.episode, plays.turn), "drill", plays.next_at, why),)


def _update(incident: Incident, level: Severity) -> Deadline | None:
    if incident.update_due_at is None:
        return None
    if incident.snooze and incident.update_due_at == incident.snooze.until:
        why = f"snoozed by {user_mention(incident.snooze.by)}"
    elif incident.promised_by:
        why = f"{user_mention(incident.promised_by)} promised the next update by then"
    else:
        why = (
            f"{level.key} asks for an update every {durations.exact(level.update_every)}" if level.update_every else ""
        )
    subject = UpdateSubject(incident.episode, incident.updates, incident.unanswered)
    return _deadline(incident, subject, "update", incident.update_due_at, why)


def _roles(incident: Incident, policy: Policy) -> Deadline | None:
    missing = empty_roles(incident, policy)
    if not missing or incident.roles_due_at is None:
        return None
    titles = ", ".join(policy.role(key).title for key in missing)
    if incident.snooze and incident.roles_due_at == incident.snooze.until:
        why = f"snoozed by {user_mention(incident.snooze.by)}; {titles} still empty"
    else:
        why = f"{incident.severity} needs {titles}"
    subject = RoleSubject(incident.episode, incident.roles_asked, tuple(missing))
    return _deadline(incident, subject, "role", incident.roles_due_at, why)


def _communications(incident: Incident, policy: Policy) -> Deadline | None:
    """The reminder of audiences that are to be told, by the cadence of the severity."""
    at = stages.next_reminder_at(incident, policy)
    if at is None:
        return None
    names = ", ".join(audience.name for audience in stages.due_audiences(incident, policy, at))
    why = f"{incident.severity} asks that {names or 'its audiences'} be told by then"
    subject = CommsSubject(incident.episode, incident.communications, incident.comms_asked)
    return _deadline(incident, subject, "communication", at, why)


def _handovers(incident: Incident, policy: Policy) -> list[Deadline]:
    """A deadline for the answer to each open offer.

    Without an answer the person is asked once more, then the ladder pages.
    """
    deadlines = []
    for offer in handover.open_offers(incident):
        then = "the next rung is paged" if offer.nudged else "they are asked again"
        title = next((role.title for role in policy.roles if role.key == offer.role), offer.role)
        why = f"{user_mention(offer.to)} is to accept or decline {title}; without an answer {then}"
        subject = HandoverSubject(incident.episode, offer.number, offer.nudged)
        deadlines.append(_deadline(incident, subject, "role", offer.due_at, why))
    return deadlines


def _shift_changes(incident: Incident) -> list[Deadline]:
    """The end of each role holder's on-call shift, when they are offered to hand the role over."""
    return [
        _deadline(
            incident,
            keys.shift_subject(incident, shift),
            "role",
            shift.ends_at,
            f"{user_mention(shift.user)}'s shift on {shift.schedule} ends: they are offered to hand over {shift.role}",
        )
        for shift in shift_change.pending(incident)
    ]


def _respond(incident: Incident, level: Severity, zone: tzinfo) -> Deadline | None:
    if level.respond_within is None or incident.ladder.acknowledged_at is not None:
        return None
    due_at = _target_due(incident.ladder, f"acknowledge:{level.key}", level.respond_within, zone)
    if due_at is None:
        return None
    why = f"{level.key} is to be acknowledged within {durations.exact(level.respond_within)}"
    return _deadline(incident, RespondSubject(incident.episode, level.key), "acknowledge", due_at, why)


def _mitigate(incident: Incident, level: Severity, zone: tzinfo) -> Deadline | None:
    if level.escalate_after is None or incident.ladder.mitigated_at is not None:
        return None
    due_at = _target_due(incident.ladder, f"mitigate:{level.key}", level.escalate_after, zone)
    if due_at is None:
        return None
    why = f"{level.key} escalates when it is not mitigated within {durations.exact(level.escalate_after)}"
    return _deadline(incident, MitigateSubject(incident.episode, level.key), "mitigate", due_at, why)


def _target_due(ladder: Ladder, target: str, span: durations.Span, zone: tzinfo) -> datetime | None:
    """When a target lapses; None when the bot has acted on it, or it lapsed under an earlier severity."""
    due_at = durations.add(ladder.started_at, span, zone)
    behind = ladder.left_behind_at is not None and due_at <= ladder.left_behind_at
    return None if behind or target in ladder.fired else due_at


def _rungs(incident: Incident, level: Severity) -> list[Deadline]:
    """The first page of each rung that was not paged yet, and the next page of each unanswered rung that repeats."""
    ladder = incident.ladder
    spent = ladder.spent.get(level.key, ())
    paged = {page.rung: page for page in ladder.pages}
    deadlines = []
    for number, rung in enumerate(level.ladder, 1):
        if is_reached(incident, rung.until):
            continue
        kind = _kind_of(rung.until)
        subject = RungSubject(incident.paging_round, level.key, number)
        targets = targets_text(rung.notify)
        if number not in spent:
            due_at = ladder.started_at + rung.after
            if ladder.left_behind_at and due_at <= ladder.left_behind_at:
                continue
            why = f"{targets}: paged after {durations.exact(rung.after)} unless {rung.until}"
            deadlines.append(_deadline(incident, subject, kind, due_at, why))
        elif rung.repeat and number in paged and not ladder.acknowledged_at:
            page = paged[number]
            why = f"{targets}: paged again every {durations.exact(rung.repeat)} until somebody answers"
            repeated = replace(subject, times=page.times)
            deadlines.append(_deadline(incident, repeated, kind, page.last_at + rung.repeat, why))
    return deadlines


def _people(incident: Incident, level: Severity, policy: Policy) -> list[Deadline]:
    """The later methods of people who were paged by a rung and chose several, one after the other."""
    deadlines = []
    for page in incident.ladder.pages:
        if page.first_at is None or not 0 < page.rung <= len(level.ladder) or incident.ladder.acknowledged_at:
            continue
        until = level.ladder[page.rung - 1].until
        for key in page.following if not is_reached(incident, until) else ():
            contact = policy.contacts.get(key)
            if contact is None:
                continue
            for step, wait in personal.following(contact, level.key):
                subject = PersonSubject(incident.paging_round, level.key, page.rung, key, step.method)
                why = f"{contact.name or key}: paged by {label(step.method)} too, unless somebody answers"
                deadlines.append(_deadline(incident, subject, "acknowledge", page.first_at + wait, why))
    return deadlines


def _triggers(incident: Incident, policy: Policy) -> list[Deadline]:
    deadlines = []
    for due in triggers.due(incident, policy):
        trigger, rung = due.trigger, due.trigger.rung
        if is_reached(incident, rung.until):
            continue
        subject = TriggerSubject(incident.episode, trigger.key, due.times)
        why = f"{trigger.name}: {targets_text(rung.notify)} paged unless {rung.until}"
        deadlines.append(_deadline(incident, subject, _kind_of(rung.until), due.at, why))
    return deadlines


def _kind_of(until: Until) -> str:
    return "acknowledge" if until is Until.ACKNOWLEDGED else "mitigate"


def _playbooks(incident: Incident) -> list[Deadline]:
    """Playbook steps that take long, and requests for approval. A reopening gives their time anew."""
    began = incident.ladder.started_at
    return [
        _deadline(
            incident,
            subject,
            "playbook",
            timer.at if timer.at >= began else began + timer.span,
            timer.why,
        )
        for run in incident.walks
        for timer in run.timers
        if (subject := keys.timer_subject(incident, timer)) is not None
    ]


def _deadline(incident: Incident, subject: Subject, kind: str, due_at: datetime, reason: str) -> Deadline:
    rung = subject.rung if isinstance(subject, RungSubject) else None
    return Deadline(keys.build(incident.number, subject), kind, due_at, reason, rung, subject)


def _after_the_end(dedup_key: str, after: Incident) -> str:
    """The reason why a deadline of an ended incident is no longer planned."""
    moved_on = isinstance(keys.parse(dedup_key), ReviewSubject | AgendaSubject)
    return "the review moved on" if moved_on else f"the incident is {after.status}"


def mention_or_name(person: str) -> str:
    """A Slack ID as a mention; a person who acknowledged at a vendor by their address or name."""
    return user_mention(person) if is_user_id(person) else person


def withdrawal_reason(  # noqa: C901, PLR0911 - a table: one reason for each kind of deadline
    dedup_key: str, before: Incident, after: Incident
) -> str:
    """Why a deadline that was planned for `before` is not planned for `after`, in the words of the ledger."""
    if not after.open:
        return _after_the_end(dedup_key, after)
    if after.policy != before.policy:
        return "another policy was applied to the incident"
    match keys.parse(dedup_key):
        case UpdateSubject() if after.updates > before.updates:
            return f"answered by update #{after.updates}"
        case UpdateSubject() if after.severity == before.severity:
            return "superseded"
        case RoleSubject() if after.severity == before.severity:
            return "the roles changed"
        case CommsSubject() if after.communications > before.communications:
            return f"told: {', '.join(_newly_told(before, after)) or 'an audience'}"
        case ShiftSubject():
            return "the role, or the schedule, changed"
        case HandoverSubject(offer=offer):
            return handover.outcome(offer, before, after)
        case StepSubject(run=number) | ApprovalSubject(run=number):
            return next((run.last for run in after.walks if run.number == number and run.last), "the playbook went on")
    if after.severity != before.severity:
        return f"the severity is now {after.severity}"
    if after.ladder.acknowledged_at and not before.ladder.acknowledged_at:
        return f"acknowledged by {mention_or_name(after.acknowledged_by or 'somebody')}"
    if after.ladder.mitigated_at and not before.ladder.mitigated_at:
        return "mitigated"
    return "the incident moved on"


def _newly_told(before: Incident, after: Incident) -> list[str]:
    """The keys of the audiences that this change tells."""
    return [key for key, announced in after.told.items() if announced != before.told.get(key)]

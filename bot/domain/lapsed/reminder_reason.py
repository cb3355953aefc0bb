"""Decides whom to remind when a status update is overdue or required roles are empty, and whether to page.

`bot.domain.lapsed.reminder` turns the decision into a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.communications import stages
from bot.domain.incident import Incident, empty_roles, update_owed_by
from bot.domain.incident.due import due_after, next_after
from bot.domain.policy.policy import Policy, Severity
from bot.domain.timeline.entry import BOT
from bot.domain.values import durations

LATE_AFTER = timedelta(seconds=60)
LATE_AT_LEAST = timedelta(seconds=15)  # what a busy machine and a poll may take is nobody's concern


class NudgeReason(StrEnum):
    """Why a person is reminded."""

    SILENCE = "silence"
    NOBODY_LEFT = "nobody_left"  # silence, and nobody to page
    BUSY = "busy"
    EMPTY_ROLES = "empty_roles"
    AUDIENCES = "audiences"
    UNANSWERED = "unanswered"
    UNLED = "unled"  # unanswered, and there is no commander to ask
    UPDATE_DUE = "update_due"


_WORDS = {
    NudgeReason.SILENCE: "two whole cadences of silence: the ladder was paged",
    NudgeReason.NOBODY_LEFT: "two whole cadences of silence, and nobody is left to page",
    NudgeReason.BUSY: "softened: the channel is busy",
    NudgeReason.EMPTY_ROLES: "required roles are empty",
    NudgeReason.AUDIENCES: "not told within the cadence: {audiences}",
    NudgeReason.UNANSWERED: "unanswered {unanswered} times: the commander is asked",
    NudgeReason.UNLED: "unanswered {unanswered} times, and nobody leads yet",
    NudgeReason.UPDATE_DUE: "an update is due",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """The recent messages of people in the incident's channel."""

    recent: int = 0  # messages from people within the policy's `busy_within`
    last_at: datetime | None = None  # the last message from a person


@dataclass(frozen=True, slots=True)
class Nudge:
    """The decision about a lapsed deadline for an update or a role."""

    reason: NudgeReason
    unanswered: int  # update reminders before this one that went unanswered
    owes_update: bool
    missing: tuple[str, ...]  # keys of required roles without a holder
    mention: tuple[str, ...]  # Slack IDs to mention
    late: timedelta | None  # how late it is; None where that is not worth mentioning
    next_update_at: datetime | None
    next_roles_at: datetime | None
    audiences: tuple[str, ...] = ()  # names of the audiences that are to be told
    next_audiences_at: datetime | None = None

    @property
    def soft(self) -> bool:
        """Whether the reminder mentions nobody, because people are busy in the channel."""
        return self.reason is NudgeReason.BUSY

    @property
    def page(self) -> bool:
        """Whether the ladder's next rung is paged as well."""
        return self.reason is NudgeReason.SILENCE

    @property
    def text(self) -> str:
        """The reason in the words of the ledger and the timeline."""
        text = _WORDS[self.reason].format(
            unanswered=self.unanswered, audiences=", ".join(self.audiences) or "audiences"
        )
        return f"{text} (late by {durations.approximate(self.late)})" if self.late else text


def decide_nudge(
    incident: Incident, policy: Policy, kind: str, due_at: datetime, activity: Activity, now: datetime
) -> Nudge:
    """Decide about a lapsed `update`, `role` or `comms` deadline. Several that were missed become one reminder."""
    level = policy.severity(incident.severity)
    owes_update = incident.update_due_at is not None and incident.update_due_at <= now
    reason = _reason(incident, policy, kind, owes_update, activity, now)
    late = now - due_at
    next_update_at = incident.update_due_at and next_after(incident.update_due_at, level.update_every, now, policy.zone)
    roles_every = policy.nudges.roles_every or level.update_every
    audiences = stages.due_audiences(incident, policy, now)
    return Nudge(
        reason=reason,
        unanswered=incident.unanswered,
        owes_update=owes_update,
        missing=empty_roles(incident, policy),
        mention=() if reason is NudgeReason.BUSY else _mention(incident, owes_update or bool(audiences)),
        late=late if is_late(late, level.update_every) else None,
        next_update_at=next_update_at if owes_update else incident.update_due_at,
        next_roles_at=incident.roles_due_at and next_after(incident.roles_due_at, roles_every, now, policy.zone),
        audiences=tuple(audience.name for audience in audiences),
        next_audiences_at=due_after(now, level.update_every, policy.zone) if audiences else None,
    )


def is_late(by: timedelta, cadence: durations.Span | None) -> bool:
    """Whether a delay is worth mentioning: over a minute, or over a quarter of a short cadence and 15 seconds."""
    quarter = cadence / 4 if isinstance(cadence, timedelta) else LATE_AFTER
    return by > max(LATE_AT_LEAST, min(LATE_AFTER, quarter))


def late_by(by: timedelta, cadence: durations.Span | None) -> str:
    """“, late by 5m” for the reason of a reminder or page that is late, else nothing."""
    return f", late by {durations.approximate(by)}" if is_late(by, cadence) else ""


def _reason(
    incident: Incident, policy: Policy, kind: str, owes_update: bool, activity: Activity, now: datetime
) -> NudgeReason:
    level = policy.severity(incident.severity)
    may_page = owes_update and incident.unanswered >= 1 and not incident.ladder.silence_paged and not incident.drill
    can_write = incident.channel_lost is None  # else silence is no sign that nobody is there
    if may_page and can_write and _silent_for_two_cadences(incident, level, activity, now):
        return NudgeReason.SILENCE
    reminders = {"update": incident.unanswered, "comms": incident.comms_asked}.get(kind)
    if reminders == 0 and activity.recent >= policy.nudges.busy:
        return NudgeReason.BUSY
    if kind == "role":
        return NudgeReason.EMPTY_ROLES
    if kind == "comms" and not owes_update:
        return NudgeReason.AUDIENCES
    if incident.unanswered < 2:
        return NudgeReason.UPDATE_DUE
    return NudgeReason.UNANSWERED if incident.roles.get("commander") else NudgeReason.UNLED


def _silent_for_two_cadences(incident: Incident, level: Severity, activity: Activity, now: datetime) -> bool:
    if not isinstance(level.update_every, timedelta):
        return False
    instants = (activity.last_at, incident.updated_at, incident.ladder.started_at, incident.channel_back_at)
    since = max(filter(None, instants))
    return now - since >= 2 * level.update_every


def _mention(incident: Incident, owes_update: bool) -> tuple[str, ...]:
    """The person who owes the update; from the second unanswered reminder on, the commander as well."""
    commander = incident.roles.get("commander")
    debtor = update_owed_by(incident) if owes_update else commander or incident.declared_by
    people = [debtor]
    if owes_update and incident.unanswered >= 2 and commander and commander != debtor:
        people.append(commander)
    return tuple(person for person in people if person != BOT)  # an alert declared it, and nobody leads it yet

"""The incident and its verbs: pure functions that give back the changed incident and what to write down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import spans
from bot.domain.errors import Refused
from bot.domain.lifecycle import ENDED, MEANING, ORDER, Status, check_move
from bot.domain.policy import Fact, Policy, Severity
from bot.domain.timeline import Entry, entry

TITLE_LENGTH = 300


Answer = str | float | bool  # to a question of the organisation's own


@dataclass(frozen=True, slots=True)
class Page:
    """One rung that was paged: how often, when last, whom. Rung 0 is whatever paged beside the ladder."""

    rung: int
    times: int
    last_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something opened with a vendor for this episode, to be acknowledged and resolved there as it is here."""

    method: str
    severity: str
    contact: str | None  # whose own service it was opened with; None: the operator's
    triggers: tuple[str, ...]  # `once` of each notice that opened it or told of it again


@dataclass(frozen=True, slots=True)
class Trip:
    """A trigger that holds, from when, and how often it has paged."""

    at: datetime
    times: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """How far the escalation of this episode and severity has come. Rungs count from 1.

    `left_behind_at`: rungs that were due by then are not paged (set when the severity is lowered).
    `spent`: by severity, the rungs of this episode that were paged or fell through; none of them is paged anew.
    """

    started_at: datetime
    left_behind_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    pages: tuple[Page, ...] = ()
    spent: dict[str, tuple[int, ...]] = field(default_factory=dict)
    fired: tuple[str, ...] = ()  # "acknowledge:sev1", "mitigate:sev1": targets that lapsed and were acted on
    silence_paged: bool = False
    tripped: dict[str, Trip] = field(default_factory=dict)  # by the keys of triggers; once in an episode


@dataclass(frozen=True, slots=True)
class Snooze:
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """A role that somebody was asked to take over, and whoever holds it until they accept."""

    number: int  # counts an incident's offers
    role: str
    to: str
    by: str
    holder: str | None
    asked_at: datetime
    due_at: datetime  # an answer is expected by then
    episode: int
    nudged: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A step of a playbook that is due, or the answer to a request; `name` begins with `step` or `approval`."""

    name: str
    at: datetime
    span: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class Walking:
    """A playbook that is walked, as far as the incident itself has to know. `outcome` is None while it goes on;
    `last` is what happened last, in words.
    """

    number: int
    playbook: str
    name: str
    settled: int
    total: int
    outcome: str | None = None
    timers: tuple[Timer, ...] = ()
    last: str = ""
    asking: tuple[str, ...] = ()  # `once` of each message that asks for an approval


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody on call who holds a role. `state`: empty until it ends; then `offered` (to hand over), `handed`,
    `stays` or `over`.
    """

    role: str
    user: str
    schedule: str
    ends_at: datetime
    state: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands. Every instant is aware; an ID in `roles` or `responders` is a Slack user ID."""

    number: int
    title: str
    severity: str
    declared_by: str
    declared_at: datetime
    detected_at: datetime
    ladder: Ladder
    status: Status = Status.DETECTED
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    facts: dict[str, Fact] = field(default_factory=dict)  # as in `bot.domain.classification` and `bot.domain.impact`
    custom: dict[str, Answer] = field(default_factory=dict)  # by the keys of the policy's `fields`
    private: bool = False
    drill: bool = False
    channel_id: str | None = None
    channel_name: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    responders: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    identified_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    episode: int = 1
    updates: int = 0
    updated_at: datetime | None = None
    update_text: str = ""
    update_due_at: datetime | None = None
    promised_by: str | None = None
    unanswered: int = 0
    roles_due_at: datetime | None = None
    roles_asked: int = 0
    snooze: Snooze | None = None
    summary: str = ""
    root_cause: str = ""
    impact_ended_at: datetime | None = None
    live_nudge: str | None = None  # `once` of the one reminder that still has its buttons
    live_pages: tuple[str, ...] = ()  # `once` of each page that still asks somebody
    live_alerts: tuple[Alert, ...] = ()
    handovers: tuple[Handover, ...] = ()
    handovers_asked: int = 0
    turns: tuple[Turn, ...] = ()  # of those who hold a role while they are on call
    walks: tuple[Walking, ...] = ()
    policy: str = ""

    @property
    def id(self) -> str:
        return f"INC-{self.number}"

    @property
    def open(self) -> bool:
        return self.status not in ENDED

    def since_detected_s(self, instant: datetime | None) -> float | None:
        """Seconds from detection to `instant`: MTTA, MTTI, MTTM, MTTR of this incident."""
        return None if instant is None else max(0.0, (instant - self.detected_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb made of an incident: its new state and the entries to append."""

    incident: Incident
    entries: tuple[Entry, ...] = ()


def declare(
    number: int,
    title: str,
    severity: str,
    actor: str,
    policy: Policy,
    now: datetime,
    *,
    description: str = "",
    category: str | None = None,
    services: tuple[str, ...] = (),
    private: bool = False,
    drill: bool = False,
    detected_at: datetime | None = None,
    facts: dict[str, Fact] | None = None,
) -> Change:
    """Open an incident. Never refused for its title: one over 300 characters is cut, the whole kept as description."""
    level = policy.severity(severity)
    full = " ".join(title.split()) or "Untitled incident"
    kept = full
    if len(full) > TITLE_LENGTH:
        kept = full[: TITLE_LENGTH - 1].rstrip() + "…"
        description = f"{full}\n\n{description}".strip()
    incident = Incident(
        number=number,
        title=kept,
        description=description,
        severity=level.key,
        category=category,
        services=services,
        facts=dict(facts or {}),
        private=private,
        drill=drill,
        declared_by=actor,
        declared_at=now,
        detected_at=min(detected_at or now, now),
        ladder=Ladder(started_at=now),
        update_due_at=_after(now, level.update_every, policy),
        roles_due_at=_roles_due(now, level, policy),
        policy=policy.digest,
    )
    said = entry(now, "declared", actor, f"{level.key}: {kept}", severity=level.key, title=kept)
    return Change(incident, (said,))


def acknowledge(incident: Incident, actor: str, now: datetime, implied_by: str = "") -> Change:
    """“I am responding.” The first of an episode stamps and writes; whoever follows only joins the responders.

    `implied_by` says which other verb stood for it.
    """
    _must_be_open(incident)
    joined = _respond(incident, actor)
    if incident.ladder.acknowledged_at is not None:
        return Change(joined)
    return Change(
        replace(
            joined,
            status=Status.ACKNOWLEDGED if incident.status is Status.DETECTED else incident.status,
            acknowledged_at=incident.acknowledged_at or now,
            acknowledged_by=actor,
            ladder=replace(incident.ladder, acknowledged_at=now),
        ),
        (_responding(actor, now, implied_by),),
    )


def _responding(actor: str, now: datetime, implied_by: str) -> Entry:
    if implied_by:
        return entry(now, "acknowledged", actor, f"is responding: {implied_by}", implied_by=implied_by)
    return entry(now, "acknowledged", actor, "is responding")


def move(incident: Incident, status: Status, actor: str, policy: Policy, now: datetime, note: str = "") -> Change:
    """Along the lifecycle while the incident runs. Acting on it acknowledges it; a note counts as news."""
    if status is Status.RESOLVED:
        return resolve(incident, actor, now, summary=note)
    if status is Status.CLOSED:
        return close(incident, actor, now)
    if status is Status.CANCELLED:
        return cancel(incident, actor, now, note)
    if status is Status.MERGED:
        raise Refused("Merging needs the other incident.", "merge INC-7")
    check_move(incident.status, status)
    if status is incident.status:
        raise Refused(f"It is already {status}: {MEANING[status]}.", "update What changed since")
    before = incident.status
    changed, entries = _implied_acknowledgement(incident, actor, now, f"moved it to {status}")
    changed = _stamp(replace(changed, status=status), status, now)
    if note:
        changed = replace(changed, update_due_at=_next_update(changed, policy, now), unanswered=0, snooze=None)
    text = f"{before} → {status}" + (f": {note}" if note else "")
    return Change(
        changed, (*entries, entry(now, "status", actor, text, before=str(before), after=str(status), note=note))
    )


def change_severity(
    incident: Incident, severity: str, actor: str, policy: Policy, now: datetime, reason: str = ""
) -> Change:
    """Raising starts the worse level's ladder from now; lowering pages nobody anew."""
    _must_be_open(incident)
    level = policy.severity(severity)
    if level.key == incident.severity:
        raise Refused(f"It is already {level.key} ({level.name}).", _other_severity(policy, level))
    before, raised = incident.severity, policy.rank(level.key) < policy.rank(incident.severity)
    ladder = _raised(incident, now) if raised else _lowered(incident, level.key, now)
    changed = replace(incident, severity=level.key, ladder=ladder, unanswered=0)
    changed = replace(
        changed, update_due_at=_rearmed_update(changed, level, policy, now), roles_due_at=_roles_due(now, level, policy)
    )
    text = f"{before} → {level.key}" + (f": {reason}" if reason else "")
    said = entry(now, "severity", actor, text, before=before, after=level.key, raised=raised, reason=reason)
    return Change(changed, (said,))


def assign(incident: Incident, role: str, user: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Give a role to somebody; whoever had it has it no longer. Again to the same person changes nothing."""
    _must_be_open(incident)
    part = policy.role(role)
    before = incident.roles.get(part.key)
    if before == user:
        return Change(incident)
    changed = _respond(replace(incident, roles={**incident.roles, part.key: user}), user)
    if not empty_roles(changed, policy):
        changed = replace(changed, roles_asked=0)
    said = entry(
        now, "role", actor, f"{part.title}: <@{user}>", role=part.key, title=part.title, user=user, before=before
    )
    return Change(changed, (said,))


def clear_role(incident: Incident, role: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Take a role from whoever has it. Clearing an empty role changes nothing."""
    _must_be_open(incident)
    part = policy.role(role)
    before = incident.roles.get(part.key)
    if before is None:
        return Change(incident)
    left = {key: user for key, user in incident.roles.items() if key != part.key}
    level = policy.severity(incident.severity)
    said = entry(now, "role", actor, f"{part.title}: nobody", role=part.key, title=part.title, user=None, before=before)
    return Change(replace(incident, roles=left, roles_due_at=_roles_due(now, level, policy)), (said,))


def update(
    incident: Incident, text: str, actor: str, policy: Policy, now: datetime, *, next_in: timedelta | None = None
) -> Change:
    """Post a numbered status update; it answers the reminders and resets the cadence."""
    _must_be_open(incident)
    text = text.strip()
    if not text:
        raise Refused("An update needs words.", "update We rolled back, error rate is falling")
    number = incident.updates + 1
    due = now + next_in if next_in else _next_update(incident, policy, now)
    changed = replace(
        incident,
        updates=number,
        updated_at=now,
        update_text=text,
        update_due_at=due,
        promised_by=actor if next_in else None,
        unanswered=0,
        snooze=None,
        ladder=replace(incident.ladder, silence_paged=False),
    )
    said = entry(now, "update", actor, text, number=number, status=str(incident.status), severity=incident.severity)
    return Change(changed, (said,))


def note(incident: Incident, text: str, actor: str, now: datetime, link: str | None = None) -> Change:
    """A key entry, also after the end: history may be completed, not changed."""
    if not text.strip():
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    data = {"link": link} if link else {}
    return Change(incident, (entry(now, "note", actor, text.strip(), **data),))


def join(incident: Incident, user: str) -> Change:
    """Count somebody among the responders; the channel itself writes down who came in."""
    return Change(_respond(incident, user))


def snooze(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Quiet update and role reminders for so long. Paging is never snoozed."""
    _must_be_open(incident)
    until = now + span
    changed = replace(incident, snooze=Snooze(actor, until))
    if incident.update_due_at is not None:
        changed = replace(changed, update_due_at=until)
    if incident.roles_due_at is not None:
        changed = replace(changed, roles_due_at=until)
    text = f"reminders quiet for {spans.in_words(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=until.isoformat()),))


def promise(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Promise the next update in so long; the deadline moves there, whichever way."""
    _must_be_open(incident)
    changed = replace(incident, update_due_at=now + span, promised_by=actor, unanswered=0, snooze=None)
    text = f"next update promised in {spans.in_words(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=(now + span).isoformat(), promise=True),))


def resolve(
    incident: Incident,
    actor: str,
    now: datetime,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
) -> Change:
    """It is over. Ends every reminder about updates, roles and paging."""
    if incident.status is Status.RESOLVED:
        raise Refused("It is already resolved.", "close")
    _must_be_open(incident)
    changed, entries = _implied_acknowledgement(incident, actor, now, "resolved it")
    changed = _stamp(replace(changed, status=Status.RESOLVED), Status.RESOLVED, now)
    changed = replace(
        changed,
        resolved_by=actor,
        ended_at=now,
        summary=summary or incident.summary,
        root_cause=root_cause or incident.root_cause,
        impact_ended_at=impact_ended_at or incident.impact_ended_at,
    )
    said = entry(now, "resolved", actor, summary, root_cause=root_cause, before=str(incident.status))
    return Change(changed, (*entries, said))


def close(incident: Incident, actor: str, now: datetime) -> Change:
    """Nothing is left to do. Closing what still runs resolves it too: a forward jump."""
    if incident.status is Status.CLOSED:
        raise Refused("It is already closed.", "reopen It is failing again")
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"It is {incident.status}; there is nothing to close.", "reopen It was real after all")
    entries: tuple[Entry, ...] = ()
    if incident.open:
        incident, entries = _both(resolve(incident, actor, now))
    changed = _stamp(replace(incident, status=Status.CLOSED), Status.CLOSED, now)
    return Change(changed, (*entries, entry(now, "closed", actor, "closed")))


def cancel(incident: Incident, actor: str, now: datetime, reason: str) -> Change:
    """A false alarm: ends it without calling it resolved."""
    _must_be_open(incident)
    if not reason.strip():
        raise Refused("Say why it is cancelled.", "cancel False alarm, the probe was misconfigured")
    changed = replace(incident, status=Status.CANCELLED, ended_at=now)
    return Change(changed, (entry(now, "cancelled", actor, reason.strip(), before=str(incident.status)),))


def reopen(incident: Incident, actor: str, policy: Policy, now: datetime, reason: str) -> Change:
    """Back to investigating in a new episode: reminders and ladder are armed afresh, history stays."""
    if incident.open:
        raise Refused(f"It is still open: {incident.status}.", "status investigating")
    if not reason.strip():
        raise Refused("Say why it is reopened.", "reopen Errors are back since 04:10")
    level = policy.severity(incident.severity)
    changed = replace(
        incident,
        status=Status.INVESTIGATING,
        episode=incident.episode + 1,
        resolved_at=None,
        resolved_by=None,
        closed_at=None,
        ended_at=None,
        ladder=Ladder(started_at=now),
        update_due_at=_after(now, level.update_every, policy),
        roles_due_at=_roles_due(now, level, policy),
        unanswered=0,
        roles_asked=0,
        promised_by=None,
        snooze=None,
    )
    return Change(changed, (entry(now, "reopened", actor, reason.strip(), episode=changed.episode),))


def empty_roles(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Required roles that nobody holds, in the policy's order."""
    needed = policy.severity(incident.severity).roles
    return tuple(role for role in needed if role not in incident.roles)


def update_owed_by(incident: Incident) -> str:
    """Communications lead, else commander, else the reporter."""
    for role in ("communications_lead", "commander"):
        if role in incident.roles:
            return incident.roles[role]
    return incident.declared_by


def _must_be_open(incident: Incident) -> None:
    if not incident.open:
        raise Refused(f"{incident.id} is {incident.status}. Reopen it first.", "reopen It is failing again")


def _respond(incident: Incident, user: str) -> Incident:
    if user in incident.responders:
        return incident
    return replace(incident, responders=(*incident.responders, user))


def _implied_acknowledgement(
    incident: Incident, actor: str, now: datetime, how: str
) -> tuple[Incident, tuple[Entry, ...]]:
    if incident.ladder.acknowledged_at is not None:
        return incident, ()
    return _both(acknowledge(incident, actor, now, implied_by=how))


def _both(change: Change) -> tuple[Incident, tuple[Entry, ...]]:
    return change.incident, change.entries


def _stamp(incident: Incident, status: Status, now: datetime) -> Incident:
    """Each first entry into a state stamps its time once; mitigated means the fix is in place."""
    stamps: dict[str, Any] = {}
    if status is Status.IDENTIFIED and incident.identified_at is None:
        stamps["identified_at"] = now
    if status in ORDER and ORDER.index(status) >= ORDER.index(Status.MONITORING):
        if incident.mitigated_at is None:
            stamps["mitigated_at"] = now
        if incident.ladder.mitigated_at is None:
            stamps["ladder"] = replace(incident.ladder, mitigated_at=now)
    if status is Status.RESOLVED:
        stamps["resolved_at"] = now
    if status is Status.CLOSED and incident.closed_at is None:
        stamps["closed_at"] = now
    return replace(incident, **stamps)


def _after(instant: datetime, span: spans.Span | None, policy: Policy) -> datetime | None:
    return None if span is None else spans.later(instant, span)


def _next_update(incident: Incident, policy: Policy, now: datetime) -> datetime | None:
    return _after(now, policy.severity(incident.severity).update_every, policy)


def _rearmed_update(incident: Incident, level: Severity, policy: Policy, now: datetime) -> datetime | None:
    """After a change of severity: the new cadence from the last update, or from now where that has passed."""
    last = incident.updated_at or incident.declared_at
    due = _after(last, level.update_every, policy)
    return due if due is None or due > now else _after(now, level.update_every, policy)


def _roles_due(now: datetime, level: Severity, policy: Policy) -> datetime | None:
    if not level.roles:
        return None
    if policy.nudges.roles_after is not None:
        return now + policy.nudges.roles_after
    return _after(now, level.respond_within or timedelta(minutes=10), policy)


def _raised(incident: Incident, now: datetime) -> Ladder:
    ladder = incident.ladder
    return Ladder(
        started_at=now, mitigated_at=ladder.mitigated_at, pages=(), spent=ladder.spent, tripped=ladder.tripped
    )


def _lowered(incident: Incident, severity: str, now: datetime) -> Ladder:
    ladder = incident.ladder
    reached = max(ladder.spent.get(incident.severity, (0,)), default=0)
    spent = sorted({*ladder.spent.get(severity, ()), *range(1, reached + 1)})
    return replace(ladder, left_behind_at=now, spent={**ladder.spent, severity: tuple(spent)}, pages=())


def _other_severity(policy: Policy, level: Severity) -> str:
    other = next((s.key for s in policy.severities if s.key != level.key), level.key)
    return f"severity {other} What changed"

"""The escalation ladder: which rung is paged next, whom it reaches, and what is recorded when it reaches no one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.oncall.schedule import OnCall, is_unreachable
from bot.domain.policy.policy import Policy, Rung, Until
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.slack_ids import user_mention
from bot.domain.values.target import TargetKind


@dataclass(frozen=True, slots=True)
class Recipients:
    """The people and channels that a rung reaches."""

    people: tuple[str, ...] = ()  # Slack user IDs or e-mail addresses
    channels: tuple[str, ...] = ()  # names or IDs
    contacts: tuple[str, ...] = ()  # keys of contacts, for notifiers other than Slack
    gaps: tuple[str, ...] = ()  # why a target reached nobody, in words

    @property
    def empty(self) -> bool:
        """Whether no person and no channel is reached."""
        return not (self.people or self.channels or self.contacts)


@dataclass(frozen=True, slots=True)
class PagingOutcome:
    """The result of a request to page."""

    change: Change
    rung: int | None  # None outside the ladder, or when the ladder is exhausted
    recipients: Recipients
    fell_through: tuple[tuple[int, str], ...]  # unreachable rungs, each with the reason
    times: int = 1  # which page of this rung or trigger it is
    label: str = ""  # outside the ladder: unique within the incident
    description: str = ""  # outside the ladder: "By hand", "A trigger"

    @property
    def reached(self) -> bool:
        """Whether a person or a channel is paged."""
        return self.rung is not None or bool(self.label)


@dataclass(frozen=True, slots=True)
class DirectPage:
    """A page outside the ladder: by hand, or by a trigger."""

    rung: Rung  # whom to page, and how
    label: str  # unique within the incident
    description: str  # who paged, in words: "By hand"
    reason: str
    actor: str = BOT
    times: int = 1
    responders_too: bool = False  # people who respond already are paged as well


@dataclass(slots=True)
class _Resolution:
    """Collects the recipients of targets, each once and in order."""

    incident: Incident
    policy: Policy
    people: dict[str, None] = field(default_factory=dict)
    channels: dict[str, None] = field(default_factory=dict)
    contacts: dict[str, None] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)

    def add_role(self, name: str) -> None:
        """The role's holder; else the contact of that name; else its backup, which may be a role with its own."""
        tried: dict[str, None] = {}
        role: str | None = name
        while role is not None and role not in tried:
            tried[role] = None
            if holder := self.incident.roles.get(role):
                self.people[holder] = None
                return
            if role in self.policy.contacts:
                self.add_contact(role)
                return
            role = next((each.backup for each in self.policy.roles if each.key == role), None)
        backups = f", nor its backup {', '.join(list(tried)[1:])}" if len(tried) > 1 else ""
        self.gaps.append(f"nobody holds the role {name}{backups}")

    def add_contact(self, key: str) -> None:
        contact = self.policy.contacts.get(key)
        if contact is None:
            self.gaps.append(f"the policy has no contact {key}")
            return
        self.contacts[key] = None
        if address := contact.slack or contact.email:
            self.people[address] = None

    def add_schedule(self, name: str, members: tuple[str, ...]) -> None:
        if name not in self.policy.schedules and not members:
            self.gaps.append(f"the policy has no schedule {name}")
        elif not members:
            self.gaps.append(f"nobody is on call on {name} now")
        for member in members:
            if member in self.policy.contacts:
                self.add_contact(member)
            elif is_unreachable(member, self.policy):
                self.gaps.append(f"{member} is on call on {name}, and the policy has no such contact")
            else:
                self.people[member] = None

    def recipients(self) -> Recipients:
        return Recipients(tuple(self.people), tuple(self.channels), tuple(self.contacts), tuple(self.gaps))


def recipients_of(rung: Rung, incident: Incident, policy: Policy, on_call: OnCall, now: datetime) -> Recipients:
    """Resolve the targets of a rung in order, each person once."""
    resolution = _Resolution(incident, policy)
    for target in rung.notify:
        match target.kind:
            case TargetKind.USER:
                resolution.people[target.name] = None
            case TargetKind.CHANNEL:
                resolution.channels[target.name] = None
            case TargetKind.ROLE:
                resolution.add_role(target.name)
            case TargetKind.CONTACT:
                resolution.add_contact(target.name)
            case TargetKind.SCHEDULE:
                resolution.add_schedule(target.name, on_call(target.name, now))
    return resolution.recipients()


def page_next_rung(
    incident: Incident,
    policy: Policy,
    on_call: OnCall,
    now: datetime,
    why: str,
    actor: str = BOT,
    rung: int | None = None,
) -> PagingOutcome:
    """Page `rung`, or the next unspent one; an unreachable rung falls through to the next at once.

    People who respond already are left out: a rung of responders alone counts as unreachable.
    """
    level = policy.severity(incident.severity)
    fell_through: list[tuple[int, str]] = []
    entries: list[Entry] = []
    pages = incident.ladder.pages
    spent = list(incident.ladder.spent.get(level.key, ()))
    outcome: tuple[int | None, Recipients] = None, Recipients()
    for number in [n for n in range(rung or 1, len(level.ladder) + 1) if n not in spent]:
        recipients = recipients_of(level.ladder[number - 1], incident, policy, on_call, now)
        spent.append(number)
        if fresh := _without_people(recipients, incident.responders):
            outcome = number, fresh
            pages = (*pages, PagedRung(number, 1, now, fresh.people))
            entries.append(_rung_paged(now, actor, number, fresh, why, 1, policy))
            break
        gap = "; ".join(recipients.gaps) or "everybody on it is responding already"
        fell_through.append((number, gap))
        entries.append(entry(now, "escalated", BOT, f"Rung {number} reaches nobody: {gap}", rung=number))
    ladder = replace(incident.ladder, spent={**incident.ladder.spent, level.key: tuple(sorted(spent))}, pages=pages)
    return PagingOutcome(
        Change(replace(incident, ladder=ladder), tuple(entries)), *outcome, fell_through=tuple(fell_through)
    )


def repeat_rung(incident: Incident, policy: Policy, on_call: OnCall, now: datetime, number: int) -> PagingOutcome:
    """Page a rung again, responders included, and count it."""
    level = policy.severity(incident.severity)
    recipients = recipients_of(level.ladder[number - 1], incident, policy, on_call, now)
    pages = tuple(
        replace(page, times=page.times + 1, last_at=now) if page.rung == number else page
        for page in incident.ladder.pages
    )
    times = next(page.times for page in pages if page.rung == number)
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    why = f"still unanswered, {ordinal(times)} page"
    record = _rung_paged(now, BOT, number, recipients, why, times, policy)
    return PagingOutcome(Change(changed, (record,)), number, recipients, (), times)


def page_directly(
    incident: Incident, policy: Policy, on_call: OnCall, now: datetime, page: DirectPage
) -> PagingOutcome:
    """Page outside the ladder. An outcome without a label paged no one; its entry and `gaps` say why."""
    recipients = recipients_of(page.rung, incident, policy, on_call, now)
    fresh = _without_people(recipients, () if page.responders_too else incident.responders)
    if fresh is None:
        gap = "; ".join(recipients.gaps) or "everybody it names is responding already"
        record = entry(now, "escalated", BOT, f"{page.description} reaches nobody: {gap}", label=page.label)
        nobody = Recipients(gaps=(f"{page.description}: {gap}",))
        return PagingOutcome(Change(incident, (record,)), None, nobody, (), description=page.description)
    pages = (*incident.ladder.pages, PagedRung(0, page.times, now, fresh.people))
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    record = _paged(now, page.actor, page.description, fresh, page.reason, policy, label=page.label, times=page.times)
    return PagingOutcome(Change(changed, (record,)), None, fresh, (), page.times, page.label, page.description)


def _without_people(recipients: Recipients, people: tuple[str, ...]) -> Recipients | None:
    """The recipients without these people; None when no one is left to page.

    Contacts without a Slack address count as reached: other methods may reach them.
    """
    fresh = replace(recipients, people=tuple(person for person in recipients.people if person not in people))
    only_contacts = recipients.contacts and not recipients.people
    return fresh if fresh.people or fresh.channels or only_contacts else None


def unreachable_rungs(incident: Incident, policy: Policy, on_call: OnCall, now: datetime) -> tuple[str, ...]:
    """Warnings, one a rung, about rungs still to come that would be unreachable if they were paged now."""
    level = policy.severity(incident.severity)
    spent = incident.ladder.spent.get(level.key, ())
    warnings = []
    for number, rung in enumerate(level.ladder, 1):
        if number in spent or is_reached(incident, rung.until):
            continue
        recipients = recipients_of(rung, incident, policy, on_call, now)
        if recipients.empty:
            warnings.append(f"Rung {number} would reach nobody: {'; '.join(recipients.gaps)}.")
    return tuple(warnings)


def is_reached(incident: Incident, until: Until) -> bool:
    """Whether the state that ends a rung's paging is reached; the incident's end reaches every one."""
    instants = {Until.ACKNOWLEDGED: incident.ladder.acknowledged_at, Until.MITIGATED: incident.ladder.mitigated_at}
    return not incident.open or instants.get(until) is not None


def target_acted_on(incident: Incident, target: str) -> Incident:
    """Remember that the target `acknowledge` or `mitigate` lapsed at this severity and was acted on."""
    return replace(
        incident,
        ladder=replace(incident.ladder, fired=(*incident.ladder.fired, f"{target}:{incident.severity}")),
    )


def check_escalatable(incident: Incident) -> None:
    """Raise `Refused` when the incident has ended."""
    if not incident.open:
        raise Refused(f"{incident.id} is {incident.status}: nobody is paged for it.", "reopen It is failing again")


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _rung_paged(
    now: datetime, actor: str, number: int, recipients: Recipients, why: str, times: int, policy: Policy
) -> Entry:
    return _paged(now, actor, f"Rung {number}", recipients, why, policy, rung=number, times=times)


def _paged(
    now: datetime, actor: str, description: str, recipients: Recipients, why: str, policy: Policy, **data: Any
) -> Entry:
    names = [*(recipient_name(person, policy) for person in recipients.people), *recipients.channels]
    return entry(
        now, "page", actor, f"{description}: {', '.join(names or recipients.contacts)} ({why})",
        people=list(recipients.people), channels=list(recipients.channels), contacts=list(recipients.contacts),
        why=why, **data,
    )  # fmt: skip


def recipient_name(person: str, policy: Policy) -> str:
    """A Slack ID as a mention; an e-mail address as the name of its contact."""
    if "@" not in person:
        return user_mention(person)
    contact = next((c for c in policy.contacts.values() if person in (c.slack, c.email)), None)
    return contact.name if contact and contact.name else person

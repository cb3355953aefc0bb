"""The escalation ladder: which rung is paged next, whom it reaches, and what to say when it reaches nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.oncall.schedule import is_unreachable
from bot.domain.policy.policy import Policy, Rung
from bot.domain.timeline.entry import BOT, Entry, entry

# `schedule:primary` at an instant → contact keys or user IDs on call; empty where nobody is.
OnCall = Callable[[str, datetime], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a rung reaches: `people` are Slack user IDs or e-mail addresses, `channels` names or IDs."""

    people: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()  # keys of contacts, for notifiers other than Slack
    gaps: tuple[str, ...] = ()  # why a target reached nobody, in words


@dataclass(frozen=True, slots=True)
class PagingOutcome:
    """The outcome of asking for the next rung. `rung` is None when the ladder has nobody left.

    What pages beside the ladder has a `label` instead, unique within the incident, and is `called` in words.
    """

    change: Change
    rung: int | None
    recipients: Recipients
    fell_through: tuple[tuple[int, str], ...]
    times: int = 1
    label: str = ""
    description: str = ""

    @property
    def reached(self) -> bool:
        """Whether anybody, or any channel, is paged."""
        return self.rung is not None or bool(self.label)


def recipients_of(rung: Rung, incident: Incident, policy: Policy, on_call: OnCall, now: datetime) -> Recipients:
    """Resolve a rung's `notify`, in order, each person once."""
    people: dict[str, None] = {}
    channels: dict[str, None] = {}
    contacts: dict[str, None] = {}
    gaps: list[str] = []
    for target in rung.notify:
        sort, _, name = target.partition(":")
        if sort == "user":
            people[name] = None
        elif sort == "channel":
            channels[name] = None
        elif sort == "role":
            _add_role(incident, policy, name, people, contacts, gaps)
        elif sort == "contact":
            _add_contact(policy, name, people, contacts, gaps)
        elif sort == "schedule":
            members = on_call(name, now)
            if not members:
                gaps.append(_schedule_gap(policy, name))
            for member in members:
                if member in policy.contacts:
                    _add_contact(policy, member, people, contacts, gaps)
                elif is_unreachable(member, policy):
                    gaps.append(f"{member} is on call on {name}, and no contact of the policy is called so")
                else:
                    people[member] = None
    return Recipients(tuple(people), tuple(channels), tuple(contacts), tuple(gaps))


def _add_role(
    incident: Incident,
    policy: Policy,
    name: str,
    people: dict[str, None],
    contacts: dict[str, None],
    gaps: list[str],
) -> None:
    """Whoever holds the role; else the contact called so; else its backup, which may be a role with one of its own."""
    asked: dict[str, None] = {}
    role: str | None = name
    while role is not None and role not in asked:
        asked[role] = None
        if holder := incident.roles.get(role):
            people[holder] = None
            return
        if role in policy.contacts:
            _add_contact(policy, role, people, contacts, gaps)
            return
        role = next((one.backup for one in policy.roles if one.key == role), None)
    chain = f", nor its backup {', '.join(list(asked)[1:])}" if len(asked) > 1 else ""
    gaps.append(f"nobody holds the role {name}{chain}")


def _add_contact(policy: Policy, key: str, people: dict[str, None], contacts: dict[str, None], gaps: list[str]) -> None:
    contact = policy.contacts.get(key)
    if contact is None:
        gaps.append(f"the policy has no contact {key}")
        return
    contacts[key] = None
    if address := contact.slack or contact.email:
        people[address] = None


def _schedule_gap(policy: Policy, name: str) -> str:
    if name not in policy.schedules:
        return f"the policy has no schedule {name}"
    return f"nobody is on call on {name} now"


def page_next_rung(
    incident: Incident,
    policy: Policy,
    on_call: OnCall,
    now: datetime,
    why: str,
    actor: str = BOT,
    rung: int | None = None,
) -> PagingOutcome:
    """Page `rung`, or the next unspent one; rungs that reach nobody fall through to the next at once.

    People who are responding already are left out; a rung of only such people counts as paged and says so.
    """
    level = policy.severity(incident.severity)
    fell: list[tuple[int, str]] = []
    entries: list[Entry] = []
    spent = list(incident.ladder.spent.get(level.key, ()))
    candidates = [n for n in range(rung or 1, len(level.ladder) + 1) if n not in spent]
    for number in candidates:
        reached = recipients_of(level.ladder[number - 1], incident, policy, on_call, now)
        spent.append(number)
        fresh = tuple(person for person in reached.people if person not in incident.responders)
        if not fresh and not reached.channels and not (set(reached.contacts) and not reached.people):
            gap = "; ".join(reached.gaps) or "everybody on it is responding already"
            fell.append((number, gap))
            entries.append(entry(now, "escalated", BOT, f"Rung {number} reaches nobody: {gap}", rung=number))
            continue
        reached = replace(reached, people=fresh)
        page = PagedRung(number, 1, now, fresh)
        ladder = replace(
            incident.ladder,
            spent={**incident.ladder.spent, level.key: tuple(sorted(spent))},
            pages=(*incident.ladder.pages, page),
        )
        entries.append(_paged(now, actor, number, reached, why, 1, policy))
        return PagingOutcome(Change(replace(incident, ladder=ladder), tuple(entries)), number, reached, tuple(fell))
    ladder = replace(incident.ladder, spent={**incident.ladder.spent, level.key: tuple(sorted(spent))})
    nobody = Change(replace(incident, ladder=ladder), tuple(entries))
    return PagingOutcome(nobody, None, Recipients(), tuple(fell))


def repeat_rung(incident: Incident, policy: Policy, on_call: OnCall, now: datetime, number: int) -> PagingOutcome:
    """Page a rung again, counting."""
    level = policy.severity(incident.severity)
    reached = recipients_of(level.ladder[number - 1], incident, policy, on_call, now)
    pages = tuple(
        replace(page, times=page.times + 1, last_at=now) if page.rung == number else page
        for page in incident.ladder.pages
    )
    times = next(page.times for page in pages if page.rung == number)
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    why = f"still unanswered, {ordinal(times)} page"
    return PagingOutcome(
        Change(changed, (_paged(now, BOT, number, reached, why, times, policy),)), number, reached, (), times
    )


def page_directly(
    incident: Incident,
    policy: Policy,
    on_call: OnCall,
    now: datetime,
    rung: Rung,
    label: str,
    called: str,
    why: str,
    *,
    actor: str = BOT,
    times: int = 1,
    responders_too: bool = False,
) -> PagingOutcome:
    """Page somebody beside the ladder: a person whom another asked for, or whoever a trigger names.

    Where that reaches nobody, the climb has no label, and says so as a rung would.
    """
    reached = recipients_of(rung, incident, policy, on_call, now)
    fresh = tuple(one for one in reached.people if responders_too or one not in incident.responders)
    if not fresh and not reached.channels and not (reached.contacts and not reached.people):
        gap = "; ".join(reached.gaps) or "everybody it names is responding already"
        said = entry(now, "escalated", BOT, f"{called} reaches nobody: {gap}", label=label)
        return PagingOutcome(
            Change(incident, (said,)), None, Recipients(gaps=(f"{called}: {gap}",)), (), description=called
        )
    reached = replace(reached, people=fresh)
    page = PagedRung(0, times, now, fresh)
    changed = replace(incident, ladder=replace(incident.ladder, pages=(*incident.ladder.pages, page)))
    said = _said_paged(now, actor, called, reached, why, policy, label=label, times=times)
    return PagingOutcome(Change(changed, (said,)), None, reached, (), times, label, called)


def unreachable_rungs(incident: Incident, policy: Policy, on_call: OnCall, now: datetime) -> tuple[str, ...]:
    """Rungs still to come that would reach nobody if they were paged now: to be said at once, not found out then."""
    level = policy.severity(incident.severity)
    spent = incident.ladder.spent.get(level.key, ())
    found = []
    for number, rung in enumerate(level.ladder, 1):
        if number in spent or _answered(incident, rung.until):
            continue
        reached = recipients_of(rung, incident, policy, on_call, now)
        if not (reached.people or reached.channels or reached.contacts):
            found.append(f"Rung {number} would reach nobody: {'; '.join(reached.gaps)}.")
    return tuple(found)


def _answered(incident: Incident, until: str) -> bool:
    marks = {"acknowledged": incident.ladder.acknowledged_at, "mitigated": incident.ladder.mitigated_at}
    return not incident.open or marks.get(until) is not None


def target_acted_on(incident: Incident, target: str) -> Incident:
    """Note that `acknowledge` or `mitigate` lapsed at this severity and was acted on."""
    return replace(
        incident,
        ladder=replace(incident.ladder, fired=(*incident.ladder.fired, f"{target}:{incident.severity}")),
    )


def check_escalatable(incident: Incident) -> None:
    if not incident.open:
        raise Refused(f"{incident.id} is {incident.status}: nobody is paged for it.", "reopen It is failing again")


def ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _paged(now: datetime, actor: str, number: int, reached: Recipients, why: str, times: int, policy: Policy) -> Entry:
    return _said_paged(now, actor, f"Rung {number}", reached, why, policy, rung=number, times=times)


def _said_paged(
    now: datetime, actor: str, called: str, reached: Recipients, why: str, policy: Policy, **data: Any
) -> Entry:
    names = ", ".join([*(recipient_name(p, policy) for p in reached.people), *reached.channels]) or ", ".join(
        reached.contacts
    )
    return entry(
        now, "page", actor, f"{called}: {names} ({why})",
        people=list(reached.people), channels=list(reached.channels), contacts=list(reached.contacts), why=why, **data,
    )  # fmt: skip


def recipient_name(person: str, policy: Policy) -> str:
    """A Slack ID as a mention; somebody known by an address by the contact's name."""
    if "@" not in person:
        return f"<@{person}>"
    contact = next((c for c in policy.contacts.values() if person in (c.slack, c.email)), None)
    return contact.name if contact and contact.name else person

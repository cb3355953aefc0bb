"""Decides which rung (step) of the escalation ladder is paged next, and whom it reaches.

A rung that reaches nobody is skipped for the next one. `bot.domain.outcome` turns the result into messages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.oncall.schedule import OnCall
from bot.domain.paging.recipients import Recipients, recipient_name, recipients_of, without_people
from bot.domain.policy.policy import Policy, Until
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.ordinals import ordinal


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
        if fresh := without_people(recipients, incident.responders):
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


def _rung_paged(
    now: datetime, actor: str, number: int, recipients: Recipients, why: str, times: int, policy: Policy
) -> Entry:
    return page_entry(now, actor, f"Rung {number}", recipients, why, policy, rung=number, times=times)


def page_entry(
    now: datetime, actor: str, description: str, recipients: Recipients, why: str, policy: Policy, **data: Any
) -> Entry:
    """The entry of a page: whom it reaches, and why."""
    names = [*(recipient_name(person, policy) for person in recipients.people), *recipients.channels]
    return entry(
        now, "page", actor, f"{description}: {', '.join(names or recipients.contacts)} ({why})",
        people=list(recipients.people), channels=list(recipients.channels), contacts=list(recipients.contacts),
        why=why, **data,
    )  # fmt: skip

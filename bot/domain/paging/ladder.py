"""Decides which rung (step) of the escalation ladder is paged next, and whom it reaches.

A rung that reaches nobody is skipped for the next one. `bot.domain.outcome` turns the result into messages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.paging.calls import PagePlan, label, reach
from bot.domain.paging.context import PagingContext
from bot.domain.paging.recipients import Recipients, recipient_name, recipients_of
from bot.domain.policy.policy import Policy, Until
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.ordinals import ordinal


@dataclass(frozen=True, slots=True)
class PagingOutcome:
    """The result of a request to page."""

    change: Change
    rung: int | None  # None outside the ladder, or when the ladder is exhausted
    recipients: Recipients
    fell_through: tuple[tuple[int, str], ...]  # rungs nobody of which can be reached, each with the reason
    times: int = 1  # which page of this rung or trigger it is
    label: str = ""  # outside the ladder: unique within the incident
    description: str = ""  # outside the ladder: "By hand", "A trigger"
    plan: PagePlan = field(default_factory=PagePlan)  # the calls
    skipped: tuple[tuple[int, str], ...] = ()  # rungs left out because their people respond, each with the reason
    counts: dict[str, int] = field(default_factory=dict)  # how often each recipient was paged by the rung by now
    said_before: bool = False  # that the ladder has nobody left, in this episode at this severity

    @property
    def reached(self) -> bool:
        """Whether a person or a channel is paged."""
        return self.rung is not None or bool(self.label)


def page_next_rung(
    incident: Incident, context: PagingContext, why: str, actor: str = BOT, rung: int | None = None
) -> PagingOutcome:
    """Page `rung`, or the next unspent one; one that reaches nobody new falls through to the next at once.

    People who respond already are left out. The first outcome that finds nobody left counts as said.
    """
    level = context.policy.severity(incident.severity)
    spent = list(incident.ladder.spent.get(level.key, ()))
    passed_over: list[_SkippedRung] = []
    paged: _PagedRung | None = None
    for number in [n for n in range(rung or 1, len(level.ladder) + 1) if n not in spent]:
        spent.append(number)
        result = _try_rung(incident, context, number)
        if isinstance(result, _PagedRung):
            paged = result
            break
        passed_over.append(result)
    entries = [skipped_rung.entry(context.now) for skipped_rung in passed_over]
    ladder = replace(incident.ladder, spent={**incident.ladder.spent, level.key: tuple(sorted(spent))})
    exhausted_key = f"exhausted:{level.key}"
    page: PagedRung | None = None
    if paged is not None:
        page = _first_page(paged, 1, context)
        ladder = replace(ladder, pages=(*ladder.pages, page))
        entries.append(_rung_paged(paged, context, why, 1, actor))
    elif exhausted_key not in ladder.fired:
        ladder = replace(ladder, fired=(*ladder.fired, exhausted_key))
    return PagingOutcome(
        Change(replace(incident, ladder=ladder), tuple(entries)),
        paged.number if paged else None,
        paged.recipients if paged else Recipients(),
        tuple(
            (skipped_rung.number, skipped_rung.reason) for skipped_rung in passed_over if not skipped_rung.responding
        ),
        plan=paged.plan if paged else PagePlan(),
        skipped=tuple(
            (skipped_rung.number, skipped_rung.reason) for skipped_rung in passed_over if skipped_rung.responding
        ),
        counts=page.counts if page else {},
        said_before=exhausted_key in incident.ladder.fired,
    )


def page_instead(
    incident: Incident, context: PagingContext, why: str, number: int, tried: Collection[str], times: int
) -> PagingOutcome:
    """Replace a page that reached nobody: page the people of the rung who were not tried, or else the next rung.

    The rotation may name others by now, because a cover is known whose holder cannot be reached. Once a rung.
    """
    repeated = _try_rung(incident, context, number, tried) if times == 1 else None
    if not isinstance(repeated, _PagedRung):
        return page_next_rung(incident, context, why, rung=number + 1)
    page = _first_page(repeated, times + 1, context)
    changed = replace(incident, ladder=replace(incident.ladder, pages=(*incident.ladder.pages, page)))
    record = _rung_paged(repeated, context, why, times + 1, BOT)
    return PagingOutcome(
        Change(changed, (record,)), number, repeated.recipients, (), times + 1, plan=repeated.plan, counts=page.counts
    )


def repeat_rung(incident: Incident, context: PagingContext, number: int) -> PagingOutcome:
    """Page a rung again, without people who respond by now, and count it. It may reach nobody."""
    before = next(page for page in incident.ladder.pages if page.rung == number)
    elapsed = context.now - before.first_at if before.first_at else timedelta()
    result = _try_rung(incident, context, number, elapsed=elapsed)
    counts = _counts(result, before) if isinstance(result, _PagedRung) else {}
    page = replace(before, times=before.times + 1, last_at=context.now, counts={**before.counts, **counts})
    pages = tuple(page if other.rung == number else other for other in incident.ladder.pages)
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    if not isinstance(result, _PagedRung):
        return PagingOutcome(Change(changed), None, Recipients(), (), page.times, skipped=((number, result.reason),))
    why = f"still unanswered, {ordinal(max(counts.values(), default=page.times))} page"
    record = _rung_paged(result, context, why, page.times, BOT)
    return PagingOutcome(
        Change(changed, (record,)), number, result.recipients, (), page.times, plan=result.plan, counts=counts
    )


@dataclass(frozen=True, slots=True)
class _PagedRung:
    number: int
    recipients: Recipients
    plan: PagePlan


@dataclass(frozen=True, slots=True)
class _SkippedRung:
    """A rung that reaches nobody new."""

    number: int
    reason: str
    responding: bool  # people on it respond already; otherwise nobody on it can be reached

    def entry(self, now: datetime) -> Entry:
        outcome = "skipped" if self.responding else "reaches nobody"
        return entry(now, "escalated", BOT, f"Rung {self.number} {outcome}: {self.reason}", rung=self.number)


def _first_page(paged: _PagedRung, times: int, context: PagingContext) -> PagedRung:
    following = paged.plan.following
    first_at = context.now if following else None
    return PagedRung(
        paged.number, times, context.now, paged.recipients.people, first_at, following, _counts(paged, None)
    )


def _counts(paged: _PagedRung, before: PagedRung | None) -> dict[str, int]:
    """The number of the rung's pages to each recipient, this page included.

    An older version counted the rung's pages alone, and not each person's.
    """
    attempted = [attempt.person.slack or attempt.person.key for attempt in paged.plan.attempts]
    earlier = before.counts or dict.fromkeys(before.people, before.times) if before else {}
    return {name: earlier.get(name, 0) + 1 for name in dict.fromkeys((*attempted, *paged.recipients.channels))}


def _try_rung(
    incident: Incident,
    context: PagingContext,
    number: int,
    tried: Collection[str] = (),
    elapsed: timedelta = timedelta(),
) -> _PagedRung | _SkippedRung:
    rung = context.policy.severity(incident.severity).ladder[number - 1]
    everybody = recipients_of(rung.notify, incident, context)
    left_out = {*incident.responders, *incident.removed, *tried}
    recipients, plan = reach(everybody, rung.by, context, left_out, incident.severity, elapsed)
    if plan.attempts or recipients.channels:
        return _PagedRung(number, recipients, plan)
    responding = [person for person in everybody.people if person in incident.responders]
    gaps = [*everybody.gaps, *plan.gaps, *removed_text(everybody.people, incident, context.policy)]
    return _SkippedRung(
        number, "; ".join([responding_text(responding, context.policy)] if responding else gaps), bool(responding)
    )


def recipients_text(paging: PagingOutcome, policy: Policy) -> str:
    """The people and channels paged and the methods, for the ledger: ` — <@U1>, #ops (Slack)`; empty for nobody."""
    people = [recipient_name(person, policy) for person in paging.recipients.people]
    names = [*people, *paging.recipients.channels] or list(paging.recipients.contacts)
    methods = f" ({', '.join(label(method) for method in paging.plan.methods)})" if paging.plan.methods else ""
    return f" — {', '.join(names)}{methods}" if names else ""


def removed_text(people: Sequence[str], incident: Incident, policy: Policy) -> list[str]:
    """For each of these people who was removed from the private incident: why no page reaches them."""
    return [
        f"{recipient_name(person, policy)} is no longer in the private channel"
        for person in people
        if person in incident.removed
    ]


def responding_text(people: Sequence[str], policy: Policy) -> str:
    """A phrase such as `<@U1> and <@U2> are responding already`."""
    *head, last = [recipient_name(person, policy) for person in people]
    return f"{', '.join(head)} and {last} are responding already" if head else f"{last} is responding already"


def unreachable_rungs(incident: Incident, context: PagingContext) -> tuple[str, ...]:
    """Warnings, one a rung, about rungs still to come that would be unreachable if they were paged now."""
    level = context.policy.severity(incident.severity)
    spent = incident.ladder.spent.get(level.key, ())
    warnings = []
    for number, rung in enumerate(level.ladder, 1):
        if number in spent or is_reached(incident, rung.until):
            continue
        result = _try_rung(incident, context, number)
        if isinstance(result, _SkippedRung) and not result.responding:
            warnings.append(f"Rung {number} would reach nobody: {result.reason}.")
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


def _rung_paged(paged: _PagedRung, context: PagingContext, why: str, times: int, actor: str) -> Entry:
    return page_entry(context, actor, f"Rung {paged.number}", paged.recipients, why, rung=paged.number, times=times)


def page_entry(
    context: PagingContext, actor: str, description: str, recipients: Recipients, why: str, **data: Any
) -> Entry:
    """The entry of a page: whom it reaches, and why."""
    names = [*(recipient_name(person, context.policy) for person in recipients.people), *recipients.channels]
    return entry(
        context.now, "page", actor, f"{description}: {', '.join(names or recipients.contacts)} ({why})",
        people=list(recipients.people), channels=list(recipients.channels), contacts=list(recipients.contacts),
        why=why, **({"turns": list(recipients.turns)} if recipients.turns else {}), **data,
    )  # fmt: skip

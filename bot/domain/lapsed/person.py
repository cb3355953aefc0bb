"""Decides what to do when a person who was paged has not answered: they are paged by the next of their own methods."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.lapsed.reminder_reason import late_by
from bot.domain.outcome import Outcome, due, skip
from bot.domain.paging.calls import PageAttempt, label, unless_for
from bot.domain.paging.context import PagingContext
from bot.domain.paging.ladder import page_entry
from bot.domain.paging.people import person_of
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Rung
from bot.domain.routing.keys import PersonSubject
from bot.domain.routing.payloads import PersonPagePayload
from bot.domain.values import durations


def decide(incident: Incident, deadline: Deadline, context: PagingContext) -> Outcome:
    """Page the person by this method, unless they respond, or it does not reach them."""
    subject = deadline.about(PersonSubject)
    person = replace(person_of(context.policy.contacts[subject.contact]))
    person = replace(person, problem=context.directory.problem(person.slack))
    page = next(page for page in incident.ladder.pages if page.rung == subject.rung)
    waited = deadline.due_at - page.first_at if page.first_at else deadline.due_at - page.last_at
    why = f"{durations.exact(waited)} without an answer{late_by(context.now - deadline.due_at, waited)}"
    if reason := _needless(incident, person.slack, person.name):
        return skip(Change(incident), deadline.dedup_key, f"{why}: {reason}")
    method = subject.method
    if (method != "slack" and method not in context.methods) or not person.reachable_by(method):
        return skip(Change(incident), deadline.dedup_key, f"{why}: {label(method)} does not reach {person.name}")
    rung = context.policy.severity(incident.severity).ladder[subject.rung - 1]
    attempt = PageAttempt(person, method)
    payload = _payload(incident, subject, rung, page, why, deadline)
    payload = replace(payload, times_paged=_count(page, person.slack or person.key))
    notice = routing.page_to(incident.number, payload, attempt)
    page_text = f"{person.name} by {label(method)}"
    recipients = Recipients(people=(person.slack,) if person.slack else (), contacts=(subject.contact,))
    record = page_entry(
        context, "bot", f"Rung {subject.rung}", recipients, f"by {label(method)}: {why}", rung=subject.rung,
        times=page.times, by=[method],
    )  # fmt: skip
    if incident.drill:
        return skip(Change(incident), deadline.dedup_key, f"a drill pages nobody; otherwise: {page_text}, {why}")
    changed = replace(incident, live_pages=(*incident.live_pages, *routing.live_page_keys([notice])))
    paged = due(Change(changed, (record,)), deadline.dedup_key, f"paged: {page_text}, {why}")
    return replace(paged, notices=(notice,))


def _count(page: PagedRung, person: str) -> int:
    """The number of the rung's pages to the person; 0 where an older version counted the rung's pages alone."""
    return page.counts.get(person, 1) if page.counts else 0


def _needless(incident: Incident, person: str | None, name: str) -> str:
    if person in incident.responders:
        return f"{name} is responding already"
    return f"{name} is no longer in the private channel" if person in incident.removed else ""


def _payload(
    incident: Incident, subject: PersonSubject, rung: Rung, page: PagedRung, why: str, deadline: Deadline
) -> PersonPagePayload:
    """The payload of the rung's page, so that it counts as another attempt of it."""
    return PersonPagePayload(
        rung=subject.rung,
        pages=True,
        why=why,
        times=page.times,
        base=f"{routing.page_prefix(incident)}{subject.rung}:{page.times}",
        deadlines=(deadline.dedup_key,),
        severity=incident.severity,
        by=tuple(rung.by),
        unless=unless_for(incident, rung.until),
        used=(subject.method,),
    )

"""Who is paged, by which way; what a drill says instead; and what vendors are told of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.incident import Incident, VendorAlert
from bot.domain.paging.calls import PageAttempt, PagePlan, dedup_key, label, unless_for
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.policy.policy import Rung, Until
from bot.domain.routing.channel import card_of, in_channel, invitation
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import (
    AlertFollowUpPayload,
    ChannelPagePayload,
    DrillPagePayload,
    PagePayload,
    PersonPagePayload,
    SettledPayload,
)
from bot.domain.timeline.entry import RecordedEntry

ASKING = frozenset({NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_ELSEWHERE})


def pages(
    before: Incident,
    climb: PagingOutcome,
    why: str,
    cause: str,
    deadlines: Sequence[str],
    rung: Rung | None,
    calls: PagePlan,
) -> list[Notice]:
    """The page in the incident channel, one for each other channel, and one for each person and method.

    `cause` names a page that reaches nobody; `deadlines` are the rows of the ledger that these messages serve.
    """
    incident = climb.change.incident
    n = incident.number
    base = f"page:{n}:{incident.paging_round}:{incident.severity}:{climb.rung or climb.label or cause}:{climb.times}"
    payload = PagePayload(
        rung=climb.rung,
        called=climb.description,
        pages=climb.reached,
        why=why,
        times=climb.times,
        people=tuple(climb.recipients.people),
        channels=tuple(climb.recipients.channels),
        fell_through=tuple(climb.fell_through),
        gaps=(*climb.recipients.gaps, *calls.gaps) if climb.description else tuple(calls.gaps),
        deadlines=tuple(deadlines),
    )
    # The card stands first in the channel; whoever is paged directly is called without waiting for either.
    said = in_channel(f"{base}:channel", NoticeKind.PAGE_CHANNEL, n, payload.to_json(), Priority.PAGE)
    found = [replace(said, depends_on=card_of(n))]
    about = PersonPagePayload(
        **vars(payload),
        base=base,
        severity=incident.severity,
        by=tuple(rung.by) if rung else (),
        unless=unless_for(before, rung.until) if rung else Until.RESOLVED,
    )
    found += [page_to(n, replace(about, used=tuple(calls.methods_for(call.person))), call) for call in calls.attempts]
    found += [invitation(n, person) for person in climb.recipients.people]
    for channel in climb.recipients.channels:
        found.append(
            Notice(
                f"{base}:to:{channel}",
                NoticeKind.PAGE_ELSEWHERE,
                n,
                ChannelPagePayload(**vars(payload), channel=channel).to_json(),
                priority=Priority.PAGE,
            )
        )
    return found


def would_have_paged(incident: Incident, climb: PagingOutcome, why: str, cause: str, calls: PagePlan) -> Notice:
    """What a drill says instead of paging."""
    n = incident.number
    dedup_key = (
        f"drill:{n}:{incident.paging_round}:{incident.severity}:{climb.rung or climb.label or cause}:{climb.times}"
    )
    called = climb.description or (f"Rung {climb.rung} of the {incident.severity} ladder" if climb.rung else "")
    people: dict[str, tuple[str, ...]] = {}
    for call in calls.attempts:
        name = call.person.slack or call.person.name
        people[name] = (*people.get(name, ()), label(call.method))
    for person in climb.recipients.people:
        people.setdefault(person, ())
    payload = DrillPagePayload(
        called=called,
        why=why,
        people=people,
        channels=tuple(climb.recipients.channels),
        gaps=(*(f"Rung {rung}: {gap}" for rung, gap in climb.fell_through), *climb.recipients.gaps, *calls.gaps),
    )
    return in_channel(dedup_key, NoticeKind.PAGE_DRILL, n, payload.to_json())


def page_to(number: int, about: PersonPagePayload, call: PageAttempt) -> Notice:
    """One person, by one method: a row of its own, which waits for nothing and is repeated rather than lost.

    `about` is what all pages of a rung share, with `base`, the beginning of their names.
    """
    person = call.person
    payload = replace(about, contact=person.key, person=person.slack or person.key, method=call.method)
    key = page_name(about.base, call)
    if call.method == "slack":
        return Notice(
            key, NoticeKind.PAGE_DIRECT, number, replace(payload, action=None).to_json(), priority=Priority.PAGE
        )
    trigger = replace(payload, action="trigger")
    return Notice(key, NoticeKind.PAGE_VENDOR, number, trigger.to_json(), priority=Priority.PAGE)


def page_name(base: str, call: PageAttempt) -> str:
    if call.method == "slack":
        return f"{base}:dm:{call.person.slack}"
    return f"{base}:{call.method}:{call.person.key}"


def alert_followed(incident: Incident, alert: VendorAlert, action: str) -> Notice:
    """Acknowledge or resolve at the vendor's what was opened there, after the last word that opened it."""
    dedup_key = f"{action}:{incident.number}:{incident.episode}:{alert.method}:{alert.severity}:{alert.contact or ''}"
    payload = AlertFollowUpPayload(action, alert.method, alert.severity, alert.contact, tuple(alert.triggers))
    return Notice(
        dedup_key, NoticeKind.PAGE_VENDOR, incident.number, payload.to_json(),
        depends_on=alert.triggers[-1], on_dependency_failure=OnDependencyFailure.SEND, priority=Priority.PAGE,
    )  # fmt: skip


def asking_pages(notices: Sequence[Notice]) -> tuple[str, ...]:
    """The pages whose buttons go when somebody responds or it is over."""
    return tuple(notice.dedup_key for notice in notices if notice.kind in ASKING)


def followed(before: Incident, after: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    """What vendors are told of an acknowledgement or the end; not the one whose own word it was."""
    if not before.live_alerts or not answered(before, after):
        return []
    action = "acknowledge" if after.open else "resolve"
    theirs = {(r.entry.data.get("via"), r.entry.data.get("alert")) for r in recorded if r.entry.kind == "acknowledged"}
    return [
        alert_followed(before, alert, action)
        for alert in before.live_alerts
        if not after.open or (alert.method, dedup_key(before, alert.severity)) not in theirs
    ]


def pages_settled(before: Incident, after: Incident) -> list[Notice]:
    """Pages that ask nobody any more lose their buttons."""
    if not before.live_pages or not answered(before, after):
        return []
    return [
        Notice(
            f"settle:{dedup_key}",
            NoticeKind.PAGE_EDIT,
            after.number,
            SettledPayload(dedup_key).to_json(),
            depends_on=dedup_key,
            priority=Priority.EDIT,
        )
        for dedup_key in before.live_pages
    ]


def answered(before: Incident, after: Incident) -> bool:
    if not after.open:
        return True
    return after.ladder.acknowledged_at is not None and before.ladder.acknowledged_at is None

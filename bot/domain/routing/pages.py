"""Builds the notices (messages to send) of pages, which are calls to a person to respond.

For a drill (a test incident) it lists whom it would page. It also updates the alerts that pages opened at vendors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.incident import Incident, VendorAlert
from bot.domain.paging.calls import PageAttempt, PagePlan, dedup_key, label, unless_for
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.policy.policy import Rung, Until
from bot.domain.routing.channel import card_key, in_channel, invitation
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import (
    AlertFollowUpPayload,
    ChannelPagePayload,
    DrillPagePayload,
    OperatorsPayload,
    PagePayload,
    PageSettledPayload,
    PersonPagePayload,
)
from bot.domain.timeline.entry import RecordedEntry

WITH_BUTTONS = frozenset({NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_ELSEWHERE})


def pages(
    before: Incident,
    outcome: PagingOutcome,
    why: str,
    cause: str,
    deadlines: Sequence[str],
    rung: Rung | None,
    plan: PagePlan,
) -> list[Notice]:
    """The page in the incident channel, one for each other channel, and one for each person and method.

    `cause` names a page that reaches nobody; `deadlines` are the rows of the ledger that these messages serve.
    """
    incident = outcome.change.incident
    n = incident.number
    base = f"page:{n}:{_occasion(incident, outcome, cause)}"
    unless = unless_for(before, rung.until) if rung else Until.RESOLVED
    payload = replace(_page_payload(outcome, why, deadlines, plan), base=base, unless=unless)
    elsewhere = bool(plan.attempts or outcome.recipients.channels)  # these tell whether somebody was reached
    channel_payload = replace(payload, deadlines=()) if elsewhere else payload
    # The card comes first in the channel; people paged directly are called without waiting for either.
    in_own_channel = in_channel(f"{base}:channel", NoticeKind.PAGE_CHANNEL, n, channel_payload.to_json(), Priority.PAGE)
    shared = PersonPagePayload(
        **vars(payload),
        severity=incident.severity,
        by=tuple(rung.by) if rung else (),
    )
    return [
        replace(in_own_channel, depends_on=card_key(n)),
        *(page_to(n, _for_one(shared, outcome, call, plan), call) for call in plan.attempts),
        *(invitation(n, person) for person in outcome.recipients.people),
        *(
            _page_elsewhere(n, base, replace(payload, times_paged=outcome.counts.get(channel, 0)), channel)
            for channel in outcome.recipients.channels
        ),
        *_to_operators(outcome, plan),
    ]


def _for_one(shared: PersonPagePayload, outcome: PagingOutcome, call: PageAttempt, plan: PagePlan) -> PersonPagePayload:
    """The payload for one person: by which methods they are called, and how often the rung paged them."""
    name = call.person.slack or call.person.key
    return replace(shared, used=tuple(plan.methods_for(call.person)), times_paged=outcome.counts.get(name, 0))


def _to_operators(outcome: PagingOutcome, plan: PagePlan) -> list[Notice]:
    """Tell the announcement channel which methods could not be used, once a day: those who are paged cannot mend it."""
    entries = outcome.change.entries
    if not plan.setup_gaps or not entries:
        return []
    day = entries[-1].at.date().isoformat()
    payload = OperatorsPayload(plan.setup_gaps).to_json()
    return [Notice(f"operators:{day}", NoticeKind.OPERATORS, None, payload)]


def page_prefix(incident: Incident) -> str:
    """The prefix of the dedup keys of pages in this episode at this severity."""
    return f"page:{incident.number}:{incident.paging_round}:{incident.severity}:"


def page_base(dedup_key: str, payload: Mapping[str, Any]) -> str:
    """The prefix that the dedup keys of one page share, from one of its notices."""
    return str(payload.get("base") or dedup_key.rpartition(":to:")[0])


def _occasion(incident: Incident, outcome: PagingOutcome, cause: str) -> str:
    """The part of a dedup key that tells one page of an incident from another."""
    paged = outcome.rung or outcome.label or cause
    return f"{incident.paging_round}:{incident.severity}:{paged}:{outcome.times}"


def _page_payload(outcome: PagingOutcome, why: str, deadlines: Sequence[str], plan: PagePlan) -> PagePayload:
    gaps = tuple(gap for gap in plan.gaps if gap not in plan.setup_gaps or not plan.attempts)
    return PagePayload(
        rung=outcome.rung,
        called=outcome.description,
        pages=outcome.reached,
        why=why,
        times=outcome.times,
        times_paged=max(outcome.counts.values(), default=0),
        people=tuple(outcome.recipients.people),
        channels=tuple(outcome.recipients.channels),
        fell_through=tuple(outcome.fell_through),
        skipped=tuple(outcome.skipped),
        paged_before=() if outcome.reached else _paged_before(outcome.change.incident),
        gaps=(*outcome.recipients.gaps, *gaps) if outcome.description else gaps,
        deadlines=tuple(deadlines),
        methods=plan.methods,
    )


def _paged_before(incident: Incident) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The rungs that were paged in this episode at this severity, each with its people."""
    return tuple((page.rung, page.people) for page in incident.ladder.pages if page.rung)


def _page_elsewhere(number: int, base: str, payload: PagePayload, channel: str) -> Notice:
    return Notice(
        f"{base}:to:{channel}",
        NoticeKind.PAGE_ELSEWHERE,
        number,
        ChannelPagePayload(**vars(payload), channel=channel).to_json(),
        priority=Priority.PAGE,
    )


def would_have_paged(incident: Incident, outcome: PagingOutcome, why: str, cause: str, plan: PagePlan) -> Notice:
    """The message in a drill that lists whom the drill would have paged."""
    n = incident.number
    dedup_key = f"drill:{n}:{_occasion(incident, outcome, cause)}"
    called = outcome.description or (f"Rung {outcome.rung} of the {incident.severity} ladder" if outcome.rung else "")
    people: dict[str, tuple[str, ...]] = {}
    for call in plan.attempts:
        name = call.person.slack or call.person.name
        people[name] = (*people.get(name, ()), label(call.method))
    for person in outcome.recipients.people:
        people.setdefault(person, ())
    payload = DrillPagePayload(
        called=called,
        why=why,
        people=people,
        channels=tuple(outcome.recipients.channels),
        gaps=(*(f"Rung {rung}: {gap}" for rung, gap in outcome.fell_through), *outcome.recipients.gaps, *plan.gaps),
    )
    return in_channel(dedup_key, NoticeKind.PAGE_DRILL, n, payload.to_json())


def page_to(number: int, shared: PersonPagePayload, call: PageAttempt) -> Notice:
    """Page one person by one method. The notice depends on no other and is repeated rather than lost.

    `shared` is the payload that all pages of a rung share; its `base` is the prefix of their dedup keys.
    """
    person = call.person
    payload = replace(shared, contact=person.key, person=person.slack or person.key, method=call.method)
    key = page_key(shared.base, call)
    if call.method == "slack":
        return Notice(
            key, NoticeKind.PAGE_DIRECT, number, replace(payload, action=None).to_json(), priority=Priority.PAGE
        )
    trigger = replace(payload, action="trigger")
    return Notice(key, NoticeKind.PAGE_VENDOR, number, trigger.to_json(), priority=Priority.PAGE)


def page_key(base: str, call: PageAttempt) -> str:
    """Dedup key of a page to one person by one method."""
    if call.method == "slack":
        return f"{base}:dm:{call.person.slack}"
    return f"{base}:{call.method}:{call.person.key}"


def follow_up_key(incident: Incident, alert: VendorAlert, action: str) -> str:
    """Dedup key of our own acknowledgement or resolution of an alert at its vendor."""
    return f"{action}:{incident.number}:{incident.episode}:{alert.method}:{alert.severity}:{alert.contact or ''}"


def alert_follow_up(incident: Incident, alert: VendorAlert, action: str) -> Notice:
    """Acknowledge or resolve an alert at its vendor, after the last page that opened it."""
    dedup_key = follow_up_key(incident, alert, action)
    payload = AlertFollowUpPayload(action, alert.method, alert.severity, alert.contact, tuple(alert.triggers))
    return Notice(
        dedup_key, NoticeKind.PAGE_VENDOR, incident.number, payload.to_json(),
        depends_on=alert.triggers[-1], on_dependency_failure=OnDependencyFailure.SEND, priority=Priority.PAGE,
    )  # fmt: skip


def live_page_keys(notices: Sequence[Notice]) -> tuple[str, ...]:
    """Dedup keys of the pages that lose their buttons when the incident is acknowledged or ends."""
    return tuple(notice.dedup_key for notice in notices if notice.kind in WITH_BUTTONS)


def alert_follow_ups(before: Incident, after: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    """Acknowledge or resolve the alerts at vendors, except where the vendor itself reported the acknowledgement."""
    if not before.live_alerts or not pages_answered(before, after):
        return []
    action = "acknowledge" if after.open else "resolve"
    reported = {
        (r.entry.data.get("via"), r.entry.data.get("alert")) for r in recorded if r.entry.kind == "acknowledged"
    }
    return [
        alert_follow_up(before, alert, action)
        for alert in before.live_alerts
        if not after.open or (alert.method, dedup_key(before, alert.severity)) not in reported
    ]


def person_of_page(dedup_key: str) -> str:
    """The Slack ID or address that a direct page went to; empty for any other notice."""
    return dedup_key.partition(":dm:")[2]


def page_withdrawn(number: int, dedup_key: str) -> Notice:
    """Take the buttons off the page of a person who has left the private incident."""
    return Notice(
        f"settle:{dedup_key}",
        NoticeKind.PAGE_EDIT,
        number,
        PageSettledPayload(dedup_key).to_json(),
        depends_on=dedup_key,
        priority=Priority.BUTTONS,
    )


def pages_settled(before: Incident, after: Incident) -> list[Notice]:
    """Edits that take the buttons off answered pages, and say who answered or how the incident ended."""
    ended = None if after.open else str(after.status)
    was_acknowledged = after.ladder.acknowledged_at is not None and before.ladder.acknowledged_at is None
    return [
        Notice(
            f"settle:{dedup_key}",
            NoticeKind.PAGE_EDIT,
            after.number,
            PageSettledPayload(
                dedup_key,
                by=(after.acknowledged_by if was_acknowledged else _newcomer(before, after, dedup_key)),
                ended=ended,
            ).to_json(),
            depends_on=dedup_key,
            priority=Priority.BUTTONS,
        )
        for dedup_key in settled_pages(before, after)
    ]


def settled_pages(before: Incident, after: Incident) -> tuple[str, ...]:
    """Dedup keys of the pages that this change settles: all by the acknowledgement or the end.

    Of an acknowledged incident a person's own page is settled when they respond too, and the page in the channel with
    the last of its people.
    """
    if pages_answered(before, after):
        return before.live_pages
    direct_pages = {key for key in before.live_pages if ":dm:" in key}
    own_pages = {key for key in direct_pages if _newcomer(before, after, key)}
    open_bases = {key.rpartition(":dm:")[0] for key in direct_pages - own_pages}
    settled_bases = {key.rpartition(":dm:")[0] for key in own_pages} - open_bases
    return tuple(key for key in before.live_pages if key in own_pages or key.rpartition(":channel")[0] in settled_bases)


def _newcomer(before: Incident, after: Incident, dedup_key: str) -> str | None:
    """The person who responds since this change and was paged by this message, or by the page it belongs to."""
    base = dedup_key.rpartition(":channel")[0]
    keys = [key for key in before.live_pages if base and key.startswith(f"{base}:dm:")] if base else [dedup_key]
    new = set(after.responders) - set(before.responders)
    return next((user for key in keys if (user := key.rpartition(":dm:")[2]) in new), None)


def pages_answered(before: Incident, after: Incident) -> bool:
    """Whether this change acknowledges or ends the incident."""
    if not after.open:
        return True
    return after.ladder.acknowledged_at is not None and before.ladder.acknowledged_at is None

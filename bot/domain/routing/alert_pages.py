"""Builds the notices of pages about alerts: who is called to act on a card, and what settles those pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.alerts.group import AlertGroup, LivePage
from bot.domain.paging.calls import VENDOR_TRACKED, PageAttempt, PagePlan
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import AlertPagePayload


def alert_page_base(group: AlertGroup, rung: int, times: int) -> str:
    """The prefix of the dedup keys of one page about a group."""
    asked_us = int(group.decided_at.timestamp() * 1_000_000) if group.decided_at else 0
    return f"alert_page:{group.number}:{asked_us}:{rung}:{times}"


def alert_pages(shared: AlertPagePayload, plan: PagePlan, channels: Sequence[str]) -> list[Notice]:
    """One page for each person and method, and one for each channel. `shared.base` begins their dedup keys."""
    pages = [
        alert_page_to(replace(shared, used=tuple(plan.methods_for(attempt.person))), attempt)
        for attempt in plan.attempts
    ]
    return pages + [
        _notice(f"{shared.base}:channel:{channel}", replace(shared, channel=channel)) for channel in channels
    ]


def alert_page_to(shared: AlertPagePayload, call: PageAttempt) -> Notice:
    """Page one person by one method."""
    person = call.person
    payload = replace(shared, contact=person.key, person=person.slack or person.key, method=call.method)
    return _notice(f"{shared.base}:{call.method}:{payload.person if call.method == 'slack' else person.key}", payload)


def live_page(notice: Notice) -> LivePage:
    """The data of a page that is needed to settle it later."""
    contact = notice.payload["contact"]
    return LivePage(notice.dedup_key, str(notice.payload["method"]), contact)


def alert_pages_edited(group: AlertGroup) -> list[Notice]:
    """Bring the pages in Slack up to date: they show the card as it is now."""
    return [
        Notice(
            f"alert_page_edit:{page.dedup_key}",
            NoticeKind.ALERT_PAGE_EDIT,
            None,
            AlertPagePayload(group.number, of=page.dedup_key).to_json(),
            depends_on=page.dedup_key,
            priority=Priority.BUTTONS,
            resend=True,
        )
        for page in group.live_pages
        if page.method == "slack"
    ]


def alert_pages_resolved(group: AlertGroup) -> list[Notice]:
    """Resolve at the vendors what pages opened there. Resolving it twice does no harm."""
    tracked = {(page.method, page.contact): page for page in group.live_pages if page.method in VENDOR_TRACKED}
    return [
        Notice(
            f"alert_resolve:{page.dedup_key}",
            NoticeKind.ALERT_PAGE_VENDOR,
            None,
            AlertPagePayload(
                group.number, contact=page.contact, person=page.contact or "", method=page.method, action="resolve"
            ).to_json(),
            depends_on=page.dedup_key,
            on_dependency_failure=OnDependencyFailure.FAIL,
            priority=Priority.PAGE,
        )
        for page in tracked.values()
    ]


def _notice(dedup_key: str, payload: AlertPagePayload) -> Notice:
    if payload.method == "slack" or payload.channel:
        return Notice(dedup_key, NoticeKind.ALERT_PAGE, None, payload.to_json(), priority=Priority.PAGE)
    return Notice(dedup_key, NoticeKind.ALERT_PAGE_VENDOR, None, payload.to_json(), priority=Priority.PAGE)

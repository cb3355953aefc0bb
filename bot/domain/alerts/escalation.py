"""Decides when the rungs of a route page people about a group that they are asked about, and when nobody is paged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, GroupPage, LivePage
from bot.domain.policy.alerting_rules import EscalationRung
from bot.domain.policy.policy import Policy
from bot.domain.values import durations

MOST_LIVE = 60  # pages that are settled; of more, the latest


def ladder_of(group: AlertGroup, policy: Policy) -> tuple[EscalationRung, ...]:
    """The rungs of the group's route; without any, those of the rule whose alerts it has."""
    rule = policy.rules.get(group.rule or "")
    return policy.alerts.route(group.route).escalate or (rule.escalate if rule is not None else ())


def rungs_due(group: AlertGroup, ladder: Sequence[EscalationRung], now: datetime) -> list[tuple[int, datetime]]:
    """The rungs that are still to page, counted from 1, each with its instant: never before `now`."""
    paged = {page.rung: page for page in group.pages}
    asked_at = group.decided_at or now
    due = []
    for number, rung in enumerate(ladder, start=1):
        page = paged.get(number)
        if page is None:
            due.append((number, max(asked_at + rung.after, now)))
        elif rung.repeat is not None:
            due.append((number, max(page.at + rung.repeat, now)))
    return due


def why_nobody(group: AlertGroup) -> str | None:
    """Why nobody is paged about the group now; None if its rungs go on. They do while it is stale."""
    if group.decision is not Decision.ASKED:
        return f"it is {group.decision}: {group.reason}"
    if group.state is AlertStatus.RESOLVED:
        return "no alert of it fires"
    return None


WOULD_PAGE = "would page"  # in place of "paged", in the step of a rung while shadow mode is on


def reason_for_no_page(group: AlertGroup, policy: Policy) -> str | None:
    """Why nobody was paged about the group, in words; None if somebody was, or if a rung says why not."""
    if any(step.step == "page" for step in group.steps):
        return None
    if group.decision in (Decision.DECLARED, Decision.ATTACHED):
        return f"not by the alert: the ladder of INC-{group.incident} pages, if any"
    if group.decision is not Decision.ASKED:
        return f"nobody was paged: it is {group.decision}"
    if not (ladder := ladder_of(group, policy)):
        return "nobody was paged: its route has no `escalate`"
    first = ladder[0]
    return f"nobody was paged yet: rung 1 is due {durations.exact(first.after)} after people were asked"


def times_paged(group: AlertGroup, rung: int) -> int:
    """The number of times this rung was paged since people were asked."""
    return next((page.times for page in group.pages if page.rung == rung), 0)


def record(group: AlertGroup, rung: int, pages: Sequence[LivePage], now: datetime) -> AlertGroup:
    """The group after this rung was paged once more, by these messages."""
    times = times_paged(group, rung) + 1
    other_pages = tuple(page for page in group.pages if page.rung != rung)
    live = (*group.live_pages, *pages)[-MOST_LIVE:]
    return replace(group, pages=(*other_pages, GroupPage(rung, now, times)), live_pages=live)

"""Reads a period from the database and computes its figures, in a thread: there may be ten thousand incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.rates import Tally, shares
from bot.domain.figures.report import ActivityCounts, Report, Scope, Share, report
from bot.domain.figures.targets import GRACE, late_updates
from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy
from bot.domain.policy.teams import teams_by_service
from storage import figures
from storage.alerts.tallies import tallies
from storage.database import Database


async def period_figures(database: Database, policy: Policy, scope: Scope, now: datetime) -> Report:
    """The figures of the period, compared with the one before it."""
    period = scope.period
    async with database.snapshot() as conn:
        texts = await figures.facts_since(conn, period.before.start)
        updates = await figures.updates_since(conn, period.start)
        late, times = await _late(conn, period.start, policy)
        pages = await figures.pages_since(conn, period.start)
        automated = await figures.automated_since(conn, period.start)
        items = await figures.items_since(conn, period.start)
        group_tallies = await tallies(conn, period.start, period.end)

    def compute() -> Report:
        facts = figures.facts_of(texts, teams_by_service(policy))
        within = [fact for fact in scope.selection.of(facts) if period.start <= fact.detected_at < period.end]
        outside = [fact for fact in facts if not period.start <= fact.detected_at < period.end]
        counted = {fact.number for fact in within if fact.counts}
        alerts = shares(_select_tallies(group_tallies, within, scope), within, outside)
        late_ones = {**late, **_late_in_business_days(within, times, policy)}
        follow_through = _follow_through(items, counted, now.date())
        return report(
            facts, scope, policy, now, ActivityCounts(alerts, updates, late_ones, pages, automated, follow_through)
        )

    return await asyncio.to_thread(compute)


async def _late(
    conn: AsyncConnection, since: datetime, policy: Policy
) -> tuple[dict[int, int], dict[int, list[datetime]]]:
    """The number of late updates by incident, and the times of updates whose cadence is in business days."""
    longest: dict[str, timedelta] = {}
    times: dict[int, list[datetime]] = {}
    for level in policy.severities:
        if isinstance(level.update_every, timedelta):
            longest[level.key] = level.update_every + GRACE
        elif level.update_every is not None:
            times |= await figures.update_times_since(conn, since, level.key)
    return await figures.late_updates_since(conn, since, longest), times


def _late_in_business_days(
    facts: Sequence[IncidentFact], times: dict[int, list[datetime]], policy: Policy
) -> dict[int, int]:
    cadences = {level.key: level.update_every for level in policy.severities}
    return {
        fact.number: len(late_updates(fact.declared_at, fact.ended_at, times[fact.number], span, policy.zone))
        for fact in facts
        if fact.number in times and (span := cadences.get(fact.severity)) is not None
    }


def _select_tallies(group_tallies: Sequence[Tally], within: Sequence[IncidentFact], scope: Scope) -> Sequence[Tally]:
    """The tallies of the groups that count: if incidents are selected, only those of their groups."""
    if not scope.selection.criteria:
        return group_tallies
    numbers = {fact.number for fact in within}
    return [tally for tally in group_tallies if tally.incident in numbers]


def _follow_through(items: Sequence[tuple[int, date | None, str]], counted: set[int], today: date) -> Share:
    """The share of completed items among those that are completed or overdue. Deferred items do not count."""
    completed = sum(status == "completed" for number, _, status in items if number in counted)
    overdue = sum(
        status in ("open", "in_progress") and due is not None and due < today
        for number, due, status in items
        if number in counted
    )
    return Share(completed + overdue, completed)

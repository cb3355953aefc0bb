"""Reads a period from the database and computes its figures, in a thread: there may be ten thousand incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from bot.domain.alerts.rates import rates
from bot.domain.figures.report import Beside, Report, Scope, Share, report
from bot.domain.policy.policy import Policy
from bot.usecases.queries.alert_rates import MOST
from storage import figures
from storage.alerts import groups
from storage.database import Database


async def period_figures(database: Database, policy: Policy, scope: Scope, now: datetime) -> Report:
    """The figures of the period, compared with the one before it."""
    period = scope.period
    since = period.before.start
    async with database.snapshot() as conn:
        rows = await figures.rows_since(conn, since)
        updates = await figures.updates_since(conn, period.start)
        pages = await figures.pages_since(conn, period.start)
        automated = await figures.automated_since(conn, period.start)
        items = await figures.items_since(conn, period.start)
        opened = [each for each in await groups.opened_since(conn, period.start, MOST) if each.opened_at < period.end]

    def compute() -> Report:
        facts = figures.facts_of(rows)
        within = [fact for fact in facts if fact in scope.selection and fact.detected_at in period]
        led = [fact for fact in facts if fact.detected_at not in period]
        counted = {fact.number for fact in within if fact.counts}
        beside = Beside(
            rates(opened, within, led), updates, pages, automated, _follow_through(items, counted, now.date())
        )
        return report(facts, scope, policy, now, beside)

    return await asyncio.to_thread(compute)


def _follow_through(items: Sequence[tuple[int, date | None, str]], counted: set[int], today: date) -> Share:
    """Of the items that were completed or are overdue, the share that was completed. A deferred one was decided."""
    done = sum(status == "completed" for number, _, status in items if number in counted)
    late = sum(
        status in ("open", "in_progress") and due is not None and due < today
        for number, due, status in items
        if number in counted
    )
    return Share(done + late, done)

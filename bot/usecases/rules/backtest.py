"""Evaluates an alerting rule on past metrics: when it would have fired, and which incidents match."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.domain.rules import backtest as past
from bot.domain.rules.backtest import Firing
from bot.domain.rules.series import Series
from bot.domain.values.durations import exact
from storage import incidents
from storage.database import Database

MOST_INCIDENTS = 2000  # that a backtest compares with
MOST_EVALUATIONS = 500_000

Ranges = Callable[[str, float, float, float], Awaitable[Sequence[Series]]]  # query, start, end and step in seconds


async def backtest(
    database: Database, ranges: Ranges, policy: Policy, rule: AlertingRule, since: timedelta
) -> dict[str, Any]:
    """The firings of the rule in the past, as JSON. Raises `Refused`, and the errors of `ranges`.

    1. Read the ranges that the rule needs. 2. Evaluate it, in a thread. 3. Compare with the incidents.
    """
    interval_s = rule.every.total_seconds()
    if since.total_seconds() / interval_s > MOST_EVALUATIONS:
        raise Refused(f"These are too many evaluations: every {exact(rule.every)} for {exact(since)}. Ask for less.")
    end = time.time() // interval_s * interval_s
    start = end - since.total_seconds() // interval_s * interval_s
    data = {
        need: await ranges(need.query, first, last, step)
        for need, (first, last, step) in past.ranges(rule, start, end).items()
    }
    firings = await asyncio.to_thread(past.firings, rule, data, start, end)
    async with database.reading() as conn:
        begun = firings[0].instance.active_since - past.AROUND if firings else None
        numbers = await incidents.open_or_ended_after(conn, begun, MOST_INCIDENTS) if begun is not None else []
        incidents_by_number = await incidents.get_many(conn, numbers)
    firings = past.match_incidents(
        firings, rule, sorted(incidents_by_number.values(), key=lambda incident: incident.number)
    )
    matched = sum(firing.incident is not None for firing in firings)
    return {
        "rule": rule.id,
        "name": rule.name,
        "severity": policy.severity(rule.severity).key,
        "since_s": since.total_seconds(),
        "every_s": interval_s,
        "fired": len(firings),
        "matched": matched,
        "false": len(firings) - matched,
        "incidents": sorted({f"INC-{firing.incident}" for firing in firings if firing.incident is not None}),
        "firings": [_firing_json(firing) for firing in firings],
    }


def _firing_json(firing: Firing) -> dict[str, Any]:
    instance = firing.instance
    fired_at = (instance.fired_at or instance.active_since).astimezone(UTC)
    over = instance.resolved_at
    return {
        "fired_at": fired_at.isoformat(),
        "resolved_at": over.isoformat() if over else None,
        "for_s": (over - fired_at).total_seconds() if over else None,
        "labels": dict(instance.labels),
        "value": instance.value,
        "words": instance.words,
        "incident": f"INC-{firing.incident}" if firing.incident is not None else None,
    }

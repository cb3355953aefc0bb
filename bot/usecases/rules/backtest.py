"""Tries an alerting rule on the past: when it would have fired, and which incidents that matches."""

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
    """What the rule would have done, in the JSON contract. Raises `Refused`, and what `ranges` raises.

    1. Read what the rule needs of this time. 2. Evaluate it, in a thread. 3. Compare with the incidents.
    """
    every = rule.every.total_seconds()
    if since.total_seconds() / every > MOST_EVALUATIONS:
        raise Refused(f"These are too many evaluations: every {exact(rule.every)} for {exact(since)}. Ask for less.")
    end = time.time() // every * every
    start = end - since.total_seconds() // every * every
    data = {
        need: await ranges(need.query, first, last, step)
        for need, (first, last, step) in past.ranges(rule, start, end).items()
    }
    found = await asyncio.to_thread(past.firings, rule, data, start, end)
    async with database.reading() as conn:
        begun = found[0].instance.active_since - past.AROUND if found else None
        numbers = await incidents.open_or_ended_after(conn, begun, MOST_INCIDENTS) if begun is not None else []
        known = await incidents.get_many(conn, numbers)
    found = past.matched(found, rule, sorted(known.values(), key=lambda each: each.number))
    matched = sum(firing.incident is not None for firing in found)
    return {
        "rule": rule.id,
        "name": rule.name,
        "severity": policy.severity(rule.severity).key,
        "since_s": since.total_seconds(),
        "every_s": every,
        "fired": len(found),
        "matched": matched,
        "false": len(found) - matched,
        "incidents": sorted({f"INC-{each.incident}" for each in found if each.incident is not None}),
        "firings": [_firing_json(firing) for firing in found],
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

"""Previews what the policy would do with alerts now. Stores nothing and tells nobody."""

from __future__ import annotations

import asyncio

from bot.domain.alerts.alert import AlertBatch
from bot.domain.alerts.preview import Preview, QuietState, keys_of, preview
from bot.domain.alerts.routing import place_all
from bot.usecases.context import Context
from storage.alerts import groups, inhibitors, silences


async def preview_alerts(context: Context, batch: AlertBatch) -> list[Preview]:
    """Preview the alerts of a batch, with the silences in force and the groups that fire now."""
    policy = context.policy
    rules = policy.alerts.inhibit
    placements = await asyncio.to_thread(place_all, batch.alerts, policy)
    async with context.database.reading() as conn:
        in_force = await silences.in_force(conn, context.clock.now())
        numbers = await inhibitors.firing(conn, keys_of(placements, rules))
        sources = await groups.get_many(conn, set(numbers.values()))
    by_key = {key: sources[number] for key, number in numbers.items() if number in sources}
    return await asyncio.to_thread(preview, placements, QuietState(in_force, by_key), rules)

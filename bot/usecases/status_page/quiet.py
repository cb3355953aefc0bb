"""Silences the alerts of the services under maintenance, for as long as it lasts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.silence import Silence
from bot.domain.statuspage import maintenance
from bot.domain.statuspage.publication import Publication
from bot.domain.timeline.entry import BOT
from bot.usecases.alerts.silence import add_in, end_in
from bot.usecases.context import Context

REASON_LENGTH = 300


async def settle(context: Context, conn: AsyncConnection, changed: Publication, now: datetime) -> Publication:
    """The changed publication, with a silence while the maintenance is under way, and none after its end.

    The transaction must hold the lock of all groups of alerts, taken before all other locks.
    """
    if changed.ended and changed.silences:
        for number in changed.silences:
            await end_in(conn, number, now)
        return replace(changed, silences=())
    if changed.silence and changed.running and not changed.silences:
        return await _with_silence(context, conn, changed, now)
    return changed


async def _with_silence(
    context: Context, conn: AsyncConnection, publication: Publication, now: datetime
) -> Publication:
    """The publication with a silence of its services' alerts until the planned end."""
    services = maintenance.services_of(publication, context.policy)
    until = publication.scheduled_until
    if not services or until is None or until <= now:
        return publication
    names = {*services, *(context.policy.services[key].name for key in services if key in context.policy.services)}
    pattern = "|".join(re.escape(name) for name in sorted(names) if name)
    label = context.policy.alerts.service.label
    reason = f"Maintenance: {publication.title}"[:REASON_LENGTH]
    stored = await add_in(conn, Silence(((label, f"/^(?:{pattern})$/"),), now, until, BOT, reason), now)
    return replace(publication, silences=(stored.number,))

"""Schedules maintenance, and starts, ends and announces it at its times."""

from __future__ import annotations

from bot.domain.statuspage import maintenance
from bot.domain.statuspage.maintenance import Lapse, NewMaintenance
from bot.domain.statuspage.publication import REMINDER, Publication
from bot.domain.timeline.entry import BOT
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.status_page.announce import announce
from bot.usecases.status_page.lint import require_publishable
from bot.usecases.status_page.publish import require_known_components
from bot.usecases.status_page.quiet import settle
from bot.usecases.unit_of_work import claim_delivery
from storage.alerts import groups
from storage.statuspage import publications

ACTION = "maintenance"  # the permission


async def schedule(context: Context, new: NewMaintenance, actor: str, delivery: str | None = None) -> Publication:
    """Schedule maintenance and publish it. Raises `Refused` without permission, and for an impossible time."""
    if actor != BOT:
        authorize.require(context, ACTION, actor)
    require_known_components(context.policy, new.components)
    require_publishable((new.title, new.message), None)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        publication = maintenance.schedule(new, actor, now)
        await publications.save(conn, publication)
        await announce(conn, publication, publication.updates[-1].id, now)
    context.wakeups.notify()
    context.wakeups.status_page.set()
    return publication


async def run_due(context: Context) -> int:
    """Start, end and announce the maintenance that is due, one publication a transaction. Returns how many changed.

    A process that dies in between leaves the rest due.
    """
    async with context.database.reading() as conn:
        if not await publications.due(conn, context.clock.now()):
            return 0
    count = 0
    while await _run_next(context):
        count += 1
    context.wakeups.notify()
    context.wakeups.status_page.set()
    return count


async def _run_next(context: Context) -> bool:
    async with context.database.serialized() as conn:
        now = context.clock.now()
        await groups.lock_all(conn)  # before all others: a silence may begin or end
        publication = await publications.lock_due(conn, now)
        if publication is None:
            return False
        lapsed = maintenance.lapse(publication, now)
        if lapsed is None:
            return False
        changed, lapse_kind = lapsed
        await publications.save(conn, await settle(context, conn, changed, now))
        await announce(conn, changed, REMINDER if lapse_kind is Lapse.REMIND else changed.updates[-1].id, now)
    if lapse_kind is not Lapse.REMIND:
        context.wakeups.alerts.set()
    return True

"""Adds an action item to an incident in one transaction."""

from __future__ import annotations

from bot.domain.actions import item as items
from bot.domain.actions.item import ActionItem, NewAction
from bot.usecases import authorize
from bot.usecases.actions.changes import store
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import actions


async def create_action(
    context: Context, number: int, new: NewAction, actor: str, delivery: str | None = None
) -> ActionItem:
    """Add an item, with its entry on the timeline. An incident that has ended takes items, too.

    A message creates one item: if it has created one already, that item is returned.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "action", actor, work.incident)
        if new.source_ts and (existing_item := await actions.of_message(work.conn, number, new.source_ts)) is not None:
            return existing_item
        return await create_in(work, new, actor)


async def create_in(work: UnitOfWork, new: NewAction, actor: str) -> ActionItem:
    """Add an item in the transaction of `work`."""
    next_number = await actions.next_number(work.conn, work.incident.number)
    change = items.create(work.incident.number, next_number, new, actor, work.now)
    return await store(work, None, change, actor)

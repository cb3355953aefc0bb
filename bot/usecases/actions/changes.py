"""Changes an action item in one transaction: its text, its due day or its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from bot.domain import routing
from bot.domain.actions import item as items
from bot.domain.actions import reminders
from bot.domain.actions.item import ActionChange, ActionItem, NewAction
from bot.domain.errors import NotFound
from bot.domain.incident import Change
from bot.domain.routing.notice import Notice
from bot.usecases import authorize
from bot.usecases.actions import tickets
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import actions
from storage.outbox import receipts, reminded


async def complete_action(
    context: Context, incident: int, number: int, actor: str, delivery: str | None = None
) -> ActionItem:
    """Mark the item as done."""
    return await _change(context, incident, number, actor, lambda item, work: items.complete(item, actor, work.now),
                         delivery)  # fmt: skip


async def begin_action(
    context: Context, incident: int, number: int, actor: str, delivery: str | None = None
) -> ActionItem:
    """Mark the item as in progress."""
    return await _change(
        context, incident, number, actor, lambda item, work: items.begin(item, actor, work.now), delivery
    )


async def reopen_action(
    context: Context, incident: int, number: int, actor: str, delivery: str | None = None
) -> ActionItem:
    """Reopen the item."""
    return await _change(
        context, incident, number, actor, lambda item, work: items.reopen(item, actor, work.now), delivery
    )


async def defer_action(
    context: Context, incident: int, number: int, reason: str, actor: str, delivery: str | None = None
) -> ActionItem:
    """Mark the item as deferred, with a reason."""
    return await _change(
        context, incident, number, actor, lambda item, work: items.defer(item, reason, actor, work.now), delivery
    )


async def postpone_action(
    context: Context, incident: int, number: int, until: date, actor: str, delivery: str | None = None
) -> ActionItem:
    """Move the due day of the item."""

    def verb(item: ActionItem, work: UnitOfWork) -> ActionChange:
        return items.postpone(item, until, today(work), actor, work.now)

    return await _change(context, incident, number, actor, verb, delivery)


async def edit_action(
    context: Context, incident: int, number: int, new: NewAction, actor: str, delivery: str | None = None
) -> ActionItem:
    """Change the text, owner, due day or other fields of the item."""
    return await _change(
        context, incident, number, actor, lambda item, work: items.edit(item, new, actor, work.now), delivery
    )


async def store(work: UnitOfWork, before: ActionItem | None, change: ActionChange, actor: str) -> ActionItem:
    """Write a change of an item, its entry, its next reminder, and the message to a new owner."""
    item = change.item
    if change.entry is None:
        return item
    remind_at = reminders.begins_at(reminders.next_day(item, today(work)))
    if before is None:
        await actions.insert(work.conn, item, remind_at)
    elif reminders.same_days(before, item):
        await actions.save_text(work.conn, item)
    else:
        await actions.save(work.conn, item, remind_at)
    notices = [*_to_new_owner(before, item, actor, work), *await _told_owner(before, work)]
    notices += [*await _reminders(before, work), *tickets.notices(work, before, item)]
    await work.commit(Change(work.incident, (change.entry,)), notices)
    for person in {item.owner, before.owner if before else None} - {None}:
        await home_tab.refresh_person(work.conn, str(person), work.now)
    return item


def today(work: UnitOfWork) -> date:
    """The current day in the policy's time zone."""
    return work.now.astimezone(work.policy.zone).date()


def _to_new_owner(before: ActionItem | None, item: ActionItem, actor: str, work: UnitOfWork) -> list[Notice]:
    """The notices to a new owner, with an invitation to a private incident; none if the actor takes the item."""
    if not item.owner or item.owner == actor or (before and before.owner == item.owner) or not item.live:
        return []
    notices = [routing.action_assigned(item.incident, item.number, item.owner)]
    if work.incident.private:
        notices.insert(0, routing.invitation(item.incident, item.owner, actor))
    return notices


async def _told_owner(before: ActionItem | None, work: UnitOfWork) -> list[Notice]:
    """The edit of the message that told the owner until now of the item, if there was one."""
    if before is None or not before.owner:
        return []
    key = routing.action_assigned_key(before.incident, before.number, before.owner)
    if await receipts.outcome(work.conn, key) is None:
        return []
    return [routing.action_assigned_edit(before.incident, before.number, before.owner)]


async def _reminders(before: ActionItem | None, work: UnitOfWork) -> list[Notice]:
    """The edits of the reminders that show the item to its owner until now."""
    if before is None or not before.owner:
        return []
    owner = before.owner
    prefix = routing.action_reminder_prefix(owner)
    keys = await reminded.showing(work.conn, prefix, before.incident, before.number)
    return [routing.action_reminder_edit(owner, key) for key in keys]


async def _change(
    context: Context,
    incident: int,
    number: int,
    actor: str,
    verb: Callable[[ActionItem, UnitOfWork], ActionChange],
    delivery: str | None,
) -> ActionItem:
    async with locked_incident(context, incident, delivery) as work:
        item = await actions.get(work.conn, incident, number)
        if item is None:
            raise NotFound(f"There is no action item AI-{incident}-{number}.", "actions all")
        if item.owner != actor:
            authorize.require(context, "action", actor, work.incident)
        return await store(work, item, verb(item, work), actor)

"""Adds the checklists of day 1, week 1 and month 1 to an incident, as action items, in one transaction."""

from __future__ import annotations

from bot.domain.actions import item as items
from bot.domain.actions import reminders
from bot.domain.actions.checklists import missing_items
from bot.domain.actions.item import ActionItem
from bot.domain.incident import Change
from bot.domain.timeline.entry import entry
from bot.domain.values.slack_ids import is_user_id
from bot.usecases import authorize
from bot.usecases.actions.changes import today
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage import actions


async def add_checklists(context: Context, number: int, actor: str, delivery: str | None = None) -> list[ActionItem]:
    """Add the items that the incident lacks, with one entry for all. Returns the new items.

    Raises `Refused` before the incident is resolved.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "action", actor, work.incident)
        existing_items = await actions.of_incident(work.conn, number)
        day, resolved_at = today(work), work.incident.resolved_at or work.now
        missing = missing_items(work.incident, existing_items, resolved_at.astimezone(work.policy.zone).date(), day)
        first = await actions.next_number(work.conn, number)
        new = [
            items.create(number, first + index, new_action, actor, work.now).item
            for index, new_action in enumerate(missing)
        ]
        if not new:
            return []
        rows = [(item, reminders.begins_at(reminders.next_day(item, day))) for item in new if _reachable(item)]
        await actions.insert_many(work.conn, [*rows, *((item, None) for item in new if not _reachable(item))])
        names = ", ".join(dict.fromkeys(str(item.checklist) for item in new))
        text = f"{new[0].id} to {new[-1].id}: checklists {names}"
        added = entry(work.now, "action", actor, text, told=True, event="checklists", actions=[item.id for item in new])
        await work.commit(Change(work.incident, (added,)))
        return new


def _reachable(item: ActionItem) -> bool:
    """Whether a Slack user owns the item. An incident may be resolved by a vendor or a name that is not in Slack."""
    return item.owner is not None and is_user_id(item.owner)

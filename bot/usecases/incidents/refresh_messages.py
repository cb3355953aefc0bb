"""Queues edits of an incident's messages that show its state; a message that somebody deleted is posted again."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.routing.notice import Notice
from bot.usecases.context import Context
from storage import incidents
from storage.outbox import enqueue, receipts

OPEN_INCIDENTS = 1000  # searched for the one whose announcement was deleted, at most


async def refresh_messages(context: Context, number: int) -> None:
    """Queue edits of the card and, while the incident is open, of its messages about playbooks."""
    async with context.database.transaction() as conn:
        incident = await incidents.get(conn, number)
        if incident is not None:
            await enqueue.put(conn, _edits(incident))
    context.wakeups.notify()


async def needed_messages(conn: AsyncConnection, number: int) -> list[str]:
    """Dedup keys of the messages that `refresh_messages` posts again."""
    incident = await incidents.get(conn, number)
    return [edit.depends_on for edit in _edits(incident) if edit.depends_on] if incident is not None else []


async def refresh_announcement(context: Context, channel: str, ts: str) -> None:
    """Queue an edit of the announcement, if this message is the announcement of an open incident."""
    async with context.database.transaction() as conn:
        numbers = await incidents.open_or_ended_after(conn, context.clock.now(), OPEN_INCIDENTS)
        posted = await receipts.get_many(conn, [routing.announcement_key(number) for number in numbers])
        deleted = [
            number
            for number in numbers
            if (receipt := posted.get(routing.announcement_key(number)))
            and (receipt.get("channel"), receipt.get("ts")) == (channel, ts)
        ]
        await enqueue.put(conn, [routing.announcement_edit(number) for number in deleted])
    context.wakeups.notify()


def _edits(incident: Incident) -> list[Notice]:
    """Edits of the messages that must not be missing from the channel."""
    edits = [routing.card_edit(incident.number)]
    if not incident.open:
        return edits
    running = [run for run in incident.walks if run.outcome is None]
    edits += [routing.run_edit(incident.number, run.number) for run in running]
    edits += [routing.playbook_runs.request_settled(key, incident.number) for run in running for key in run.asking]
    return edits

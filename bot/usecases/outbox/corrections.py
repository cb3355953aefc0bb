"""Corrects an answer that the bot gave too early: tells the person who asked that Slack has refused the action."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.payloads import UpdatePayload, UserPayload
from bot.domain.values.slack_ids import is_user_id
from bot.usecases.unit_of_work import UnitOfWork
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.timeline import entries


async def of_failure(work: UnitOfWork, row: ClaimedNotice, error: str) -> list[Notice]:
    """The private answer to the person who requested this notice, if any. Failed pages are told in the channel."""
    asked_by = await _asked_by(work, row)
    if asked_by is None or not is_user_id(asked_by):
        return []
    text = f"{error} The card of {work.incident.id} has a button to try again."
    return [routing.correction(row.dedup_key, asked_by, work.incident.channel_id, text)]


async def _asked_by(work: UnitOfWork, row: ClaimedNotice) -> str | None:
    match row.kind:
        case NoticeKind.INVITE:
            return read_payload(row, UserPayload).asked_by
        case NoticeKind.UPDATE:
            seq = read_payload(row, UpdatePayload).seq
            records = await entries.by_seqs(work.conn, work.incident.number, [seq])
            return records[0].entry.actor if records else None
    return None

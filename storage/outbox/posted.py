"""Finds the messages in which the bot told entries of a timeline."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import NoticeKind
from storage.schema import outbox

TELLING = (NoticeKind.NEWS, NoticeKind.UPDATE, NoticeKind.CONTINUATION, NoticeKind.CARD)
DECLARED = 1  # the `seq` of the declaration, which the card tells
_c = outbox.c


async def by_entry(conn: AsyncConnection, incident: int) -> dict[int, tuple[str, str]]:
    """Channel and `ts` of the first message that told an entry, by the entry's `seq`."""
    query = sa.select(_c.kind, _c.payload, _c.receipt).where(
        _c.incident == incident, _c.kind.in_([str(kind) for kind in TELLING]), _c.receipt.is_not(None)
    )
    messages: dict[int, tuple[str, str]] = {}
    for row in await conn.execute(query.order_by(_c.id)):
        receipt = row.receipt or {}
        if "ts" not in receipt or "channel" not in receipt:
            continue
        if row.kind == NoticeKind.CARD:
            messages.setdefault(DECLARED, (str(receipt["channel"]), str(receipt["ts"])))
        for seq in (row.payload.get("seq"), *(row.payload.get("seqs") or ())):
            if isinstance(seq, int):
                messages.setdefault(seq, (str(receipt["channel"]), str(receipt["ts"])))
    return messages

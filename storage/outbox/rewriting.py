"""Removes redacted words from an incident's notices, and finds the bot's messages that show them.

Notices are messages to send, or sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.rewrites import PastNotice
from storage.schema import outbox

PAGE = 500  # rows
_OVER = ("sent", "dropped")
_c = outbox.c
Strike = Callable[[Any], Any]


async def strike(conn: AsyncConnection, number: int, words: Strike) -> list[PastNotice]:
    """Remove words from the payloads and errors of an incident's notices. Returns all of its notices."""
    notices = []
    async for row in _rows(conn, number):
        payload, error = words(row.payload), words(row.error)
        changed = (payload, error) != (row.payload, row.error)
        if changed:
            await conn.execute(sa.update(outbox).where(_c.id == row.id).values(payload=payload, error=error))
        posted = row.sent_at is not None and "ts" in (row.receipt or {})
        notices.append(PastNotice(row.dedup_key, row.kind, payload, posted, changed))
    return notices


async def strike_answers(conn: AsyncConnection, words: Strike) -> None:
    """Delete the content of private answers that were sent: they may quote anything, and nothing needs them any more.

    From answers that are still to be sent only the words are removed.
    """
    answers = _c.kind == str(NoticeKind.ANSWER)
    blank = {"message": {"text": "", "blocks": []}}
    await conn.execute(sa.update(outbox).where(answers, _c.state.in_(_OVER)).values(payload=blank))
    waiting = sa.select(_c.id, _c.payload).where(answers, sa.text("state NOT IN ('sent', 'dropped')"))
    for row in (await conn.execute(waiting)).all():
        if (payload := words(row.payload)) != row.payload:
            await conn.execute(sa.update(outbox).where(_c.id == row.id).values(payload=payload))


async def posted_as(conn: AsyncConnection, number: int, channel: str, ts: str) -> PastNotice | None:
    """The notice of an incident that posted this message in Slack; `None` if none did."""
    async for row in _rows(conn, number):
        receipt = row.receipt or {}
        if (receipt.get("channel"), receipt.get("ts")) == (channel, ts):
            return PastNotice(row.dedup_key, row.kind, row.payload, posted=True, changed=False)
    return None


async def _rows(conn: AsyncConnection, number: int) -> AsyncIterator[Any]:
    """The notices of an incident in the order of their IDs, read some rows at a time."""
    columns = (_c.id, _c.dedup_key, _c.kind, _c.payload, _c.error, _c.receipt, _c.sent_at)
    last = 0
    while True:
        query = sa.select(*columns).where(_c.incident == number, _c.id > last).order_by(_c.id).limit(PAGE)
        page = (await conn.execute(query)).all()
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        last = page[-1].id

"""`GET /inside`: what waits in the outbox and which deadlines come next, for the demo's inspector alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from aiohttp import web

from bot.serialization import instant
from bot.usecases.context import Context
from storage.schema import deadlines, outbox

ROWS = 30


def routes(context: Context) -> list[web.RouteDef]:
    async def inside(request: web.Request) -> web.Response:
        async with context.database.reading() as conn:
            waiting = await conn.execute(
                sa.select(
                    outbox.c.dedup_key.label("once"), outbox.c.kind, outbox.c.state, outbox.c.attempts, outbox.c.error
                )
                .where(outbox.c.state.not_in(("sent", "dropped")))
                .order_by(outbox.c.id)
                .limit(ROWS)
            )
            notices = [dict(row._mapping) for row in waiting]
            coming = await conn.execute(
                sa.select(
                    deadlines.c.incident, deadlines.c.kind, deadlines.c.rung, deadlines.c.due_at, deadlines.c.reason
                )
                .where(deadlines.c.state == "waiting")
                .order_by(deadlines.c.due_at)
                .limit(ROWS)
            )
            due = [_deadline(dict(row._mapping), context.clock.now()) for row in coming]
        return web.json_response({"outbox": notices, "deadlines": due, "now": instant(datetime.now(UTC))})

    return [web.get("/inside", inside)]


def _deadline(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    seconds = (row["due_at"] - now).total_seconds()
    return {
        "incident": f"INC-{row['incident']}", "kind": row["kind"], "rung": row["rung"],
        "due_in_s": round(seconds), "due_at": instant(row["due_at"]), "reason": row["reason"],
    }  # fmt: skip

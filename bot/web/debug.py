"""Serves `GET /debug`, which shows the demo's inspector what waits in the outbox and which deadlines come next."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.json_shapes.incidents import instant
from bot.usecases.context import Context
from storage import debug_rows

ROWS = 30


def routes(context: Context) -> list[web.RouteDef]:
    """The route, which only the demo may serve: it shows every incident to anyone."""

    async def debug(request: web.Request) -> web.Response:
        async with context.database.reading() as conn:
            notices = await debug_rows.waiting_notices(conn, ROWS)
            deadlines = await debug_rows.upcoming_deadlines(conn, ROWS)
        now = context.clock.now()
        return web.json_response(
            {
                "outbox": notices,
                "deadlines": [_deadline(row, now) for row in deadlines],
                "now": instant(datetime.now(UTC)),
                "clock": {"real_s": time.time(), "bot_s": now.timestamp()},
            }
        )

    return [web.get("/debug", debug)]


def _deadline(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    seconds = (row["due_at"] - now).total_seconds()
    return {
        "incident": f"INC-{row['incident']}", "kind": row["kind"], "rung": row["rung"],
        "due_in_s": round(seconds), "due_at": instant(row["due_at"]), "reason": row["reason"],
    }  # fmt: skip

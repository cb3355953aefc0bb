"""Opens the clock that every process on a database shares."""

from __future__ import annotations

import time

from bot.clock import Clock
from storage import key_value
from storage.database import Database


async def open_clock(database: Database, speed: float) -> Clock:
    """The clock: real time, or in a demo faster time, counted from the instant at which the demo first started."""
    if speed == 1.0:
        return Clock()
    async with database.transaction() as conn:
        stored = await key_value.DEMO_CLOCK.get(conn)
        if stored is None or stored["speed"] != speed:
            stored = {"anchor": time.time(), "speed": speed}
            await key_value.DEMO_CLOCK.put(conn, stored)
    return Clock(stored["anchor"], stored["speed"])

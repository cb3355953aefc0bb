"""Counts attempts to sign in, for all replicas together and across restarts.

An attempt is counted before it is checked and given back when it succeeds, so that concurrent attempts gain nothing.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.access.sign_in_limit import FULL_AFTER, Attempts, burst_limit, failures_left, keys_of, wait_s
from storage import sign_in_attempts
from storage.database import Database


async def take(database: Database, address: str | None, now: datetime) -> int:
    """Count an attempt. Returns 0, or the seconds to wait if none is left; then nothing is counted."""
    attempts: dict[str, Attempts] = {}
    async with database.serialized() as conn:
        await sign_in_attempts.delete_before(conn, now - FULL_AFTER)
        for key in keys_of(address):  # all of them first: when nobody may try, no address gets a row
            attempts |= await sign_in_attempts.lock(conn, [key], now)
            if wait := wait_s(attempts, [key], now):
                return wait
        await sign_in_attempts.put(
            conn, {key: Attempts(failures_left(attempts, key, now) - 1, now) for key in attempts}
        )
    return 0


async def give_back(database: Database, address: str | None, now: datetime) -> None:
    """Give an attempt back, since it succeeded."""
    keys = keys_of(address)
    async with database.serialized() as conn:
        attempts = await sign_in_attempts.lock(conn, keys, now)
        await sign_in_attempts.put(
            conn, {key: Attempts(min(burst_limit(key), failures_left(attempts, key, now) + 1), now) for key in keys}
        )

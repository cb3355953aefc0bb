"""Records how far a channel's history in Slack and its threads have been read, across restarts."""

from __future__ import annotations

from bot.usecases.context import Context
from storage import ingest


async def remember_history(context: Context, incident: int, channel: str, ts: str) -> None:
    """Record that the channel's history has been read up to the message `ts`."""
    async with context.database.transaction() as conn:
        await ingest.set_channel_cursor(conn, channel, incident, ts)


async def remember_thread(context: Context, channel: str, thread_ts: str, latest_reply: str) -> None:
    """Record that a thread has been read up to `latest_reply`."""
    async with context.database.transaction() as conn:
        await ingest.set_thread_cursor(conn, channel, thread_ts, latest_reply)


async def has_new_replies(context: Context, channel: str, thread_ts: str, latest_reply: str) -> bool:
    """Whether a thread was never read, or has another latest reply than the last time."""
    async with context.database.reading() as conn:
        read_up_to = await ingest.thread_cursor(conn, channel, thread_ts)
    return read_up_to is None or read_up_to != latest_reply

"""Queues private answers, home tabs and link previews for Slack."""

from __future__ import annotations

from typing import Any

from bot.domain import routing
from bot.domain.routing.payloads import UnfurlPayload
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from storage.outbox import enqueue


async def answer(context: Context, dedup_key: str, payload: dict[str, Any]) -> None:
    """Queue a private answer. A second one with the same key is dropped, as for a delivery that Slack repeats."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.answer(dedup_key, payload)])
    context.wakeups.notify()


async def unfurl_link(context: Context, event: str, payload: UnfurlPayload) -> None:
    """Queue the preview of a link to an incident, once for each event of Slack's."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.unfurl(event, payload)])
    context.wakeups.notify()


async def open_home(context: Context, user: str) -> None:
    """Queue the home tab of a person who has opened it, and keep it up to date for a while."""
    async with context.database.transaction() as conn:
        await home_tab.record_opening(conn, user, context.clock.now())
    context.wakeups.notify()

"""Sends a test event to one webhook of the policy, through the outbox, and waits for its outcome."""

from __future__ import annotations

import asyncio

from bot.domain.errors import NotFound
from bot.domain.routing.webhooks import webhook_test_notice
from bot.usecases.context import Context
from storage.outbox import enqueue, receipts
from storage.outbox.receipts import Outcome

WAIT_S, LOOK_EVERY_S = 15.0, 0.2  # the receiver has 10 s to answer
_OVER = frozenset({"sent", "failed", "dropped"})


async def send_test_event(context: Context, rule: str, actor: str, name: str) -> Outcome | None:
    """Send the event and return its outcome; None if it is not known within `WAIT_S`. Raises `NotFound`.

    `name` is unique to each test: the same name again sends nothing and returns the outcome of the first time.
    """
    if all(webhook.id != rule for webhook in context.policy.webhooks):
        raise NotFound("The policy has no such webhook.")
    notice = webhook_test_notice(rule, actor, name)
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [notice])
    context.wakeups.outbox.set()
    for _ in range(int(WAIT_S / LOOK_EVERY_S)):
        async with context.database.reading() as conn:
            outcome = await receipts.outcome(conn, notice.dedup_key)
        if outcome is not None and outcome.state in _OVER:
            return outcome
        await asyncio.sleep(LOOK_EVERY_S)
    return None

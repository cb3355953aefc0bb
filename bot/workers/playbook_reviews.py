"""Reviews of playbooks: once an hour somebody looks whether an owner has to hear of one."""

from __future__ import annotations

import asyncio

import structlog

from bot.usecases.context import Context
from bot.usecases.playbooks import review
from bot.workers.tasks import cancel_and_wait

log = structlog.get_logger()

FIRST_S = 60.0
EVERY_S = 3600.0


class PlaybookReviews:
    """What was said is a row in the database, so that a restart or another replica says nothing again."""

    name = "playbook reviews"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="reviews of playbooks")

    async def stop(self, within_s: float) -> None:
        await cancel_and_wait(self._task)

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                if count := await review.remind_owners(self._context):
                    log.info("reviews.told", owners=count)
            except Exception:
                log.exception("reviews.failed", hint="check the database and the playbooks; it is tried again")
            await asyncio.sleep(EVERY_S)

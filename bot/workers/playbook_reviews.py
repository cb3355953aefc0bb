"""Reminds the owners of playbooks, every hour, of reviews that are due."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.context import Context
from bot.usecases.playbooks import review
from bot.workers.base import Periodic

log = structlog.get_logger()

FIRST_S = 60.0
EVERY_S = 3600.0


def playbook_reviews(context: Context) -> Periodic:
    """The hourly task. What was sent is in the database, so a restart or another replica repeats no reminder."""

    async def remind() -> None:
        if count := await review.remind_owners(context):
            log.info("reviews.told", owners=count)

    return Periodic(
        "playbook reviews", timedelta(seconds=EVERY_S), timedelta(seconds=FIRST_S), remind,
        hint="check the database and the playbooks; it is tried again",
    )  # fmt: skip

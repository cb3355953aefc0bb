"""Finds the incident numbers that channels in Slack have already, so that none is given twice after a restore.

A database restored from a backup counts on from the backup, while the channels of later incidents are still in Slack.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import structlog

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import channels
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from bot.workers.base import Periodic
from storage import incidents
from storage.database import Database

log = structlog.get_logger()

MOST_SKIPPED = 100_000  # numbers; beyond that, somebody gave a channel of the bot a misleading name
LOOK_AGAIN = timedelta(minutes=1)  # until Slack has answered
_PURPOSE = re.compile(r"INC-(\d{1,9}) · ")
_PLACEHOLDERS = {"number": r"\d{1,9}", "slug": ".*", "severity": "[a-z0-9_-]+", "date": r"\d{4}-\d{2}-\d{2}"}


class UsedNumbers:
    """Moves the counter on once after the start, as soon as Slack answers."""

    def __init__(self, context: Context, api: SlackApi, identity: BotIdentity) -> None:
        self._context = context
        self._api = api
        self._identity = identity
        self._done = False

    @property
    def periodic(self) -> Periodic:
        """The task that looks, and does nothing once it has succeeded."""
        return Periodic("used incident numbers", LOOK_AGAIN, timedelta(0), self.look)

    async def look(self) -> None:
        """Move the counter past the channels that the bot is in."""
        if self._done:
            return
        template = self._context.policy.channel_name
        try:
            skipped = await skip_used(self._context.database, channels.of_bot(self._api), self._identity, template)
        except SlackError as error:
            log.info("used_numbers.not_read", error=str(error), again_in_s=LOOK_AGAIN.total_seconds())
            return
        self._done = True
        if skipped is not None:
            log.warning(
                "used_numbers.skipped", next_number=skipped + 1,
                hint="channels of later incidents exist, so the database was restored; see docs/run/backup.md",
            )  # fmt: skip


async def skip_used(
    database: Database, candidates: AsyncIterator[dict[str, Any]], identity: BotIdentity, template: str
) -> int | None:
    """Move the counter past the bot's own channels among the `candidates`, given as objects of Slack's API.

    Returns the counter's new value; None if it was not behind. Calling it twice is safe. Raises `SlackError`.
    """
    numbers = [number async for channel in candidates if (number := number_of(channel, identity.user_id, template))]
    async with database.transaction() as conn:
        counted = await incidents.last_number(conn)
        highest = max((number for number in numbers if number <= counted + MOST_SKIPPED), default=0)
        if highest <= counted:
            return None
        await incidents.skip_numbers(conn, highest)
    return highest


def number_of(channel: dict[str, Any], bot_user: str, template: str) -> int | None:
    """The incident's number of a channel that the bot created, by its purpose if the bot set it, else by its name.

    `template` is the policy's `channel_name`. None if the channel is not the bot's, or shows no number.
    """
    if channel.get("creator") != bot_user:
        return None
    purpose = channel.get("purpose") or {}
    if purpose.get("creator") == bot_user and (match := _PURPOSE.search(str(purpose.get("value", "")))):
        return int(match[1])
    for pattern in (template, channels.PLAIN_NAME):
        if match := re.fullmatch(f"(?:drill-)?{_expression(pattern)}(?:-\\d)?", str(channel.get("name", ""))):
            return int(match["number"])
    return None


def _expression(template: str) -> str:
    """The regular expression of the names that the template makes. Only the first `{number}` counts."""
    parts = re.split(r"\{(\w+)\}", template)
    expression = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            expression += re.escape(part)
        elif part == "number" and "(?P<number>" not in expression:
            expression += r"(?P<number>\d{1,9})"
        else:
            expression += _PLACEHOLDERS.get(part, "")
    return expression

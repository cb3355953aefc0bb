"""Asks Slack for a person's time zone: to understand the times that they type, and to know their working hours."""

from __future__ import annotations

import asyncio
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.slack.client.api import SlackApi, SlackError

log = structlog.get_logger()

FRESH_S = 300.0  # people travel
WITHIN_S = 1.5  # a person is waiting for the answer


async def time_zone_of(api: SlackApi, user: str) -> ZoneInfo | None:
    """The person's time zone; None if Slack does not answer in time or names an unknown zone."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await _ask(api, user)
    except (SlackError, TimeoutError) as error:
        log.info("zone.unknown", user=user, error=str(error) or "too slow")
        return None


async def zone_of_addressee(api: SlackApi, user: str, default: tzinfo) -> tzinfo:
    """The time zone of a person whom a message is for: `default` if they have none, or Slack refuses to say.

    Raises `SlackError` if Slack may say so later: the hours of another zone could put the message off for a day.
    """
    try:
        return await _ask(api, user) or default
    except SlackError as error:
        if not (error.permanent or error.blocked):
            raise
        log.info("zone.unknown", user=user, error=str(error))
        return default


async def _ask(api: SlackApi, user: str) -> ZoneInfo | None:
    """None if Slack names no zone, or one that this system does not know."""
    profile = await api.profiles.get(user, FRESH_S)
    try:
        return ZoneInfo(str(profile["tz"]))
    except (KeyError, ValueError, ZoneInfoNotFoundError) as error:
        log.info("zone.unknown", user=user, error=str(error))
        return None

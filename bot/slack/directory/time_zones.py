"""Asks Slack for a person's time zone, to understand the times that they type."""

from __future__ import annotations

import asyncio
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
            profile = await api.profiles.get(user, FRESH_S)
        return ZoneInfo(str(profile["tz"]))
    except (SlackError, TimeoutError, KeyError, ValueError, ZoneInfoNotFoundError) as error:
        log.info("zone.unknown", user=user, error=str(error) or "too slow")
        return None

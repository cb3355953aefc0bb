"""Time zones of people, as they set them in Slack: for what they write by their own clock."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.slack.client.api import SlackApi, SlackError

log = structlog.get_logger()

WITHIN_S = 1.5  # an answer is waited for


async def time_zone_of(api: SlackApi, user: str) -> ZoneInfo | None:
    """None where Slack does not say in time, or names a zone that nobody here knows."""
    try:
        async with asyncio.timeout(WITHIN_S):
            answer = await api.call("users.info", user=user)
        return ZoneInfo(str(answer["user"]["tz"]))
    except (SlackError, TimeoutError, KeyError, ValueError, ZoneInfoNotFoundError) as error:
        log.info("zone.unknown", user=user, error=str(error) or "too slow")
        return None

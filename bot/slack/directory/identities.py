"""Who somebody is, asked of Slack and remembered for a while: people become guests and members again."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog

from bot.domain.access.identity import Identity, Membership
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound.event_parser import BotIdentity

log = structlog.get_logger()

FRESH_S = 300.0
WITHIN_S = 0.8  # the acknowledgement waits for it, and after it perhaps a form


class Identities:
    """One call of Slack's for somebody who presses, whatever the policy asks about them."""

    def __init__(self, api: SlackApi, me: BotIdentity) -> None:
        self._api = api
        self._me = me
        self._known: dict[str, tuple[float, Identity]] = {}

    async def get(self, user: str) -> Identity:
        """What was last known where Slack does not say in time."""
        at, known = self._known.get(user, (-FRESH_S, Identity(user, Membership.UNKNOWN)))
        if time.monotonic() - at < FRESH_S:
            return known
        try:
            async with asyncio.timeout(WITHIN_S):
                answer = await self._api.call("users.info", user=user)
        except (SlackError, TimeoutError) as error:
            log.warning("identity.not_known", user=user, error=str(error) or "too slow")
            return known
        found = identity_from_profile(answer["user"], self._me)
        self._known[user] = (time.monotonic(), found)
        return found


def identity_from_profile(user: dict[str, Any], me: BotIdentity) -> Identity:
    """From the object of `users.info`. Another organisation may write any address into its people's profiles.

    `is_stranger` is said only of those who share no channel with us: a partner in a shared one is known by the team.
    In an Enterprise Grid the other workspaces of the organisation are ours, too.
    """
    name = str(user["id"])
    grid = user.get("enterprise_user") or {}
    ours = user.get("team_id") == me.team_id or me.team_id in (grid.get("teams") or ())
    if user.get("is_stranger") or not (ours or (me.enterprise_id and grid.get("enterprise_id") == me.enterprise_id)):
        return Identity(name, Membership.OUTSIDE)
    guest = user.get("is_restricted") or user.get("is_ultra_restricted")
    return Identity(name, Membership.GUEST if guest else Membership.MEMBER, (user.get("profile") or {}).get("email"))

"""Asks Slack whether a person is a member, a guest or an outsider, and caches the answer for minutes.

The cache is short because Slack's answer may change.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog

from bot.domain.access.identity import Identity, Membership
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound.event_parser import BotIdentity
from storage import identities as stored
from storage.database import Database
from storage.engine.errors import StorageError

log = structlog.get_logger()

FRESH_S = 300.0
PROFILE_FRESH_S = 60.0  # of a profile that something else asked for
SLACKBOT = "USLACKBOT"  # Slack does not mark it as a bot
NOBODY = frozenset({"user_not_found", "user_not_visible"})  # https://docs.slack.dev/reference/methods/users.info
ASKED_AGAIN_AFTER_S = 10.0  # while Slack does not answer, so that not everybody's call waits for it
WITHIN_S = 0.8  # the acknowledgement waits for it, and perhaps a form after it


class Identities:
    """Looks up each person at most once in `FRESH_S` seconds."""

    def __init__(self, api: SlackApi, bot: BotIdentity, database: Database) -> None:
        self._api = api
        self._bot = bot
        self._database = database
        self._cached: dict[str, tuple[float, Identity]] = {}
        self._no_answer_at = -ASKED_AGAIN_AFTER_S

    def known(self, user: str) -> Identity:
        """The identity that Slack gave last, without asking again; an unknown membership where it gave none."""
        _, identity = self._cached.get(user, (0.0, Identity(user, Membership.UNKNOWN)))
        return identity

    async def get(self, user: str) -> Identity:
        """The person's identity. If Slack does not answer in time: the last known one, or an unknown membership."""
        at, cached = self._cached.get(user, (-FRESH_S, Identity(user, Membership.UNKNOWN)))
        if time.monotonic() - at < FRESH_S:
            return cached
        last_known = await self._last_known(cached)
        silent = time.monotonic() - self._no_answer_at < ASKED_AGAIN_AFTER_S
        if silent and last_known.membership is not Membership.UNKNOWN:
            return last_known
        try:
            async with asyncio.timeout(WITHIN_S):
                profile = await self._api.profiles.get(user, min(FRESH_S, PROFILE_FRESH_S))
        except (SlackError, TimeoutError) as error:
            if isinstance(error, SlackError) and error.name in NOBODY:
                return await self._learnt(Identity(user, Membership.OUTSIDE, active=False), cached)
            log.warning("identity.not_known", user=user, error=str(error) or "too slow")
            self._no_answer_at = time.monotonic()
            return last_known
        self._no_answer_at = -ASKED_AGAIN_AFTER_S
        return await self._learnt(identity_from_profile(profile, self._bot), cached)

    async def _last_known(self, cached: Identity) -> Identity:
        return cached if cached.membership is not Membership.UNKNOWN else await self._read_stored(cached)

    async def _learnt(self, identity: Identity, before: Identity) -> Identity:
        """Store Slack's answer, for other processes and for the time after a restart."""
        self._cached[identity.user] = (time.monotonic(), identity)
        if identity != before:
            try:
                await self._database.batched(lambda conn: stored.remember(conn, identity))
            except StorageError as error:
                log.warning("identity.not_stored", user=identity.user, error=str(error))
        return identity

    async def _read_stored(self, unknown: Identity) -> Identity:
        """The identity that was stored before a restart; `unknown` if there is none."""
        try:
            async with self._database.reading() as conn:
                identity = await stored.get(conn, unknown.user)
        except StorageError:
            return unknown
        if identity is None:
            return unknown
        self._cached[identity.user] = (-FRESH_S, identity)  # Slack is asked again the next time
        return identity


def identity_from_profile(user: dict[str, Any], bot: BotIdentity) -> Identity:
    """The identity in a user object of `users.info`.

    The e-mail address counts for this organisation's people only: another may write any address into its profiles.
    Slack sets `is_stranger` only for people who share no channel with the bot; a partner in a shared channel shows by
    the team. The other workspaces of an Enterprise Grid belong to the organisation, too.
    """
    name, active = str(user["id"]), not user.get("deleted")
    if user.get("is_bot") or name == SLACKBOT:
        return Identity(name, Membership.BOT, active=active)
    grid = user.get("enterprise_user") or {}
    same_team = user.get("team_id") == bot.team_id or bot.team_id in (grid.get("teams") or ())
    same_grid = bot.enterprise_id and grid.get("enterprise_id") == bot.enterprise_id
    if user.get("is_stranger") or not (same_team or same_grid):
        return Identity(name, Membership.OUTSIDE, active=active)
    guest = user.get("is_restricted") or user.get("is_ultra_restricted")
    address = (user.get("profile") or {}).get("email")
    return Identity(name, Membership.GUEST if guest else Membership.MEMBER, address, active)

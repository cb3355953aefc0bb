"""Watches whether Slack refuses the bot token, asks again until it works, and then sends the notices that waited."""

from __future__ import annotations

import time
from datetime import timedelta

import structlog

from bot.slack.client.api import WRONG_WORKSPACE, SlackApi, SlackError
from bot.slack.directory.bot_identity import REFUSED_HINT, identity_of_token
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from bot.usecases.outbox.retry_failed import try_waiting_now
from bot.workers.base import Periodic

log = structlog.get_logger()

LOOK_S = 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0


class TokenWatch:
    """Watches the one token of the process."""

    def __init__(self, context: Context, api: SlackApi, identity: BotIdentity) -> None:
        self._context = context
        self._api = api
        self._identity = identity
        self._refused = False  # as of the last look
        self._wait_s = FIRST_WAIT_S
        self._ask_at = 0.0  # monotonic

    @property
    def periodic(self) -> Periodic:
        """The task that looks whether the token is refused."""
        return Periodic("token watch", timedelta(seconds=LOOK_S), timedelta(seconds=LOOK_S), self.look)

    async def use_token(self, token: str) -> None:
        """Use another token from now on, if Slack accepts it for this workspace."""
        self._api.use_token(token)
        self._refused, self._wait_s = True, FIRST_WAIT_S
        await self._ask()
        await self._settle()

    async def look(self) -> None:
        """Ask Slack again while it refuses the token, less and less often. Once it works, send what waited."""
        refused = self._api.refused
        if refused is not None and not self._refused:
            log.error("slack.token_refused", error=refused, hint=REFUSED_HINT)
            self._refused, self._wait_s = True, FIRST_WAIT_S
        if refused is not None and time.monotonic() >= self._ask_at:
            await self._ask()
        await self._settle()

    async def _ask(self) -> None:
        self._ask_at = time.monotonic() + self._wait_s
        self._wait_s = min(LONGEST_WAIT_S, self._wait_s * 2)
        try:
            identity = await identity_of_token(self._api)
        except SlackError as error:
            log.info("slack.token_still_refused", error=error.name, again_in_s=self._wait_s)
            return
        if identity.team_id == self._identity.team_id:
            self._api.refused = None
        else:
            self._api.refused = WRONG_WORKSPACE
            log.error("slack.token_of_another_workspace", team=identity.team_id, hint=REFUSED_HINT)

    async def _settle(self) -> None:
        if self._refused and self._api.refused is None:
            self._refused = False
            log.info("slack.token_accepted", detail="everything that waited for it is sent now")
            await try_waiting_now(self._context)

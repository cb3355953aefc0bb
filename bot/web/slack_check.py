"""Checks for `/readyz` whether Slack answers the bot and, with Socket Mode, is connected."""

from __future__ import annotations

import time

from bot.slack.client.api import TOKEN_REFUSED, SlackApi, SlackError
from bot.slack.inbound.socket_mode import SocketPool

ASK_EVERY_S = 10.0


class SlackCheck:
    """A call returns what is wrong, or None. It asks Slack at most every `ASK_EVERY_S` seconds."""

    def __init__(self, api: SlackApi, sockets: SocketPool | None) -> None:
        self._api = api
        self._sockets = sockets
        self._asked_at: float | None = None
        self._trouble: str | None = None

    async def __call__(self) -> str | None:
        """What is wrong, with a hint; None if Slack answers. Slack is asked again only after `ASK_EVERY_S`."""
        if self._sockets is not None and not await self._sockets.connected_count():
            return "no Socket Mode connection; is Slack reachable, and SLACK_APP_TOKEN right?"
        if self._asked_at is None or time.monotonic() - self._asked_at > ASK_EVERY_S:
            self._asked_at = time.monotonic()
            self._trouble = await self._ask()
        return self._trouble

    async def _ask(self) -> str | None:
        try:
            await self._api.call("auth.test")
        except SlackError as error:
            return f"Slack does not answer as it should ({error}). {_hint(error)}"
        return None


def _hint(error: SlackError) -> str:
    if error.name in TOKEN_REFUSED:
        return "Copy the Bot User OAuth Token again into SLACK_BOT_TOKEN and restart"
    return "See https://status.slack.com and whether Slack can be reached from here; posts wait until then"

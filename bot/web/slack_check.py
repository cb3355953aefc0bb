"""Checks for `/readyz` whether Slack answers the bot and, with Socket Mode, is connected."""

from __future__ import annotations

import time

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory.bot_identity import REFUSED_HINT
from bot.slack.inbound.socket_mode import SocketPool

ASK_EVERY_S = 10.0
ASK_AGAIN_S = 3.0  # while Slack does not answer: people wait for it to be back


class SlackCheck:
    """A call returns what is wrong, or None. It asks Slack only if no call was answered for `ASK_EVERY_S` seconds."""

    def __init__(self, api: SlackApi, sockets: SocketPool | None) -> None:
        self._api = api
        self._sockets = sockets
        self._asked_at: float | None = None
        self._trouble: str | None = None

    async def __call__(self) -> str | None:
        """The problem, with a hint; None if Slack answers. Slack is asked again only after a while."""
        if self._sockets is not None and not await self._sockets.connected_count():
            return "no Socket Mode connection; is Slack reachable, and SLACK_APP_TOKEN right?"
        if self._api.refused is not None:
            return _refusal(SlackError(self._api.refused, "auth.test"))
        answered_at = self._api.answered_at
        if self._trouble is None and answered_at is not None and time.monotonic() - answered_at <= ASK_EVERY_S:
            return None
        every_s = ASK_EVERY_S if self._trouble is None else min(ASK_EVERY_S, ASK_AGAIN_S)
        if self._asked_at is None or time.monotonic() - self._asked_at > every_s:
            self._asked_at = time.monotonic()
            self._trouble = await self._ask()
        return self._trouble

    async def _ask(self) -> str | None:
        try:
            await self._api.call("auth.test")
        except SlackError as error:
            return _refusal(error)
        return None

    def missing_scopes(self) -> str | None:
        """The scopes that Slack has asked for in vain, in a sentence; None where it has not."""
        missing = self._api.missing_scopes
        if not missing:
            return None
        scope_list = ", ".join(f"{needed or 'a scope'} ({method})" for method, needed in sorted(missing.items()))
        return f"the app lacks {scope_list}: reinstall it from manifest.yml; what needs it waits until then"


def _refusal(error: SlackError) -> str:
    return f"Slack does not answer as it should ({error}). {_hint(error)}"


def _hint(error: SlackError) -> str:
    if error.blocked:
        return f"{REFUSED_HINT}; until then what goes to Slack waits"
    return "See https://status.slack.com and whether Slack can be reached from here; posts wait until then"

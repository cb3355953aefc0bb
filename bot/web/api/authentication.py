"""Authenticates requests of the API by their bearer tokens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from bot.domain.access.identity import Membership
from bot.domain.access.token import Scope, Token
from bot.operations.base import API
from bot.usecases import tokens
from bot.usecases.context import Context
from bot.web.api.problems import Problem
from bot.web.one_of import is_one_of

CHALLENGE = 'Bearer realm="tocsin"'
LONGEST_TOKEN = 500
ASK_AGAIN_S = 30.0  # seconds between two attempts to ask an unresponsive Slack who a person is
BOOTSTRAP = Token(0, "TOCSIN_API_TOKEN", API, (Scope.ADMIN,), datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Checks tokens. `bootstrap` gives those of the settings, separated by commas; empty where none is set."""

    context: Context
    bootstrap: Callable[[], str]
    _asked: dict[str, float] = field(default_factory=dict)  # by person: when, monotonic

    async def token_of(self, request: web.Request) -> Token:
        """The token of a request. Raises `Problem` without a valid one."""
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise _unauthenticated("Send the header Authorization: Bearer tcs_…", "")
        if len(secret) > LONGEST_TOKEN:
            raise _unauthenticated("That is no token.", ', error="invalid_token"')
        if self._is_bootstrap(secret):
            return BOOTSTRAP
        now = self.context.clock.now()
        token = await tokens.valid(self.context.database, secret, now)
        if token is None:
            raise _unauthenticated(
                "The token is unknown, expired or revoked. Make another: tocsin token create --name ci --as U0123 "
                "--scopes write",
                ', error="invalid_token"',
            )
        await tokens.note_use(self.context.database, token, now)
        return token

    def _is_bootstrap(self, secret: str) -> bool:
        return is_one_of(secret, self.bootstrap())

    async def identify(self, token: Token, *, ask: bool) -> None:
        """Refuse bots and closed accounts. With `ask`, Slack is asked who the person is, if it was not lately."""
        if token.person == API:
            return
        memberships = self.context.memberships
        identity = memberships.known(token.person)
        if ask or (identity.membership is Membership.UNKNOWN and self._may_ask(token.person)):
            identity = await memberships.get(token.person)
        if identity.membership is Membership.BOT:
            raise Problem("not-allowed", "The token's person is a bot, and I take no commands from bots.")
        if not identity.active:
            raise Problem("not-allowed", "The token's person has no account in this workspace, or a closed one.")

    def _may_ask(self, person: str) -> bool:
        """Whether it is time to ask Slack about a person again who was not known the last time."""
        now = time.monotonic()
        if now - self._asked.get(person, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return False
        self._asked[person] = now
        return True


def require(token: Token, scope: Scope) -> None:
    """Raise `Problem` unless the token has the scope."""
    if not token.allows(scope):
        has = " and ".join(token.scopes)
        raise Problem("not-allowed", f"This needs the scope {scope}; the token “{token.name}” has {has}.")


def _unauthenticated(detail: str, error: str) -> Problem:
    return Problem("unauthenticated", detail, {"WWW-Authenticate": CHALLENGE + error})

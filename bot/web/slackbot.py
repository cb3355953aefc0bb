"""Verifies signed requests of Slackbot's MCP client, and reads the person on whose behalf they are made.

https://docs.slack.dev/ai/slackbot-mcp-client, authentication method “Slack identity auth”: a request that calls a tool
names the person in `params._meta.slack` as `user_id` and `team_id`; the signature covers it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.domain.access.token import Scope, Token
from bot.domain.values.slack_ids import is_user_id
from bot.web.api.problems import Problem
from bot.web.replay_guard import ReplayGuard
from bot.web.slack_signature import SIGNATURE, verify_request

NAME = "Slackbot"
NOBODY = "nobody"  # the person of a request that only lists the tools
OFF = "Set TOCSIN_SLACKBOT_MCP to read or write to let Slackbot use these tools."
# Methods that need no person: the handshake, and the list of tools, which is the same for everybody.
WITHOUT_PERSON = frozenset({"initialize", "ping", "tools/list", "server/discover"})


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A verified request: the token with which it acts, and the key under which its effects happen once."""

    token: Token
    delivery: str | None


@dataclass(slots=True)
class SlackbotRequests:
    """Verifies signed requests. `scope` is what Slackbot may do; None if it is switched off."""

    signing_secret: Callable[[], str]
    team: str
    scope: Callable[[], Scope | None]
    _replays: ReplayGuard = field(default_factory=ReplayGuard)

    @staticmethod
    def is_signed(request: web.Request) -> bool:
        """Whether the request says that it is signed, instead of carrying a token."""
        return SIGNATURE in request.headers and "Authorization" not in request.headers

    async def check(self, request: web.Request, body: bytes) -> SignedCall:
        """Verify the request and return the call. Raises `Problem`.

        A call counts once: the same signed bytes a second time are a replay.
        """
        scope, secret = self.scope(), self.signing_secret()
        if scope is None or not secret:
            raise Problem("unauthenticated", OFF)
        text, why = verify_request(SignatureVerifier(secret), request, body)
        if text is None:
            raise Problem("unauthenticated", f"Refused: {why}.")
        message = _message(text)
        if _needs_no_person(message):
            return SignedCall(_token(NOBODY, scope), None)
        person = self._person(message)
        digest = hashlib.sha256(request.headers[SIGNATURE].encode()).hexdigest()
        if await self._replays.seen_before(digest):
            raise Problem("unauthenticated", "Refused: this request was answered before.")
        self._replays.finish(digest, taken=True)
        return SignedCall(_token(person, scope), f"slackbot:{digest}")

    def _person(self, message: Mapping[str, Any]) -> str:
        params = message.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        slack = meta.get("slack") if isinstance(meta, dict) else None
        user, team = (slack.get("user_id"), slack.get("team_id")) if isinstance(slack, dict) else (None, None)
        if not (isinstance(user, str) and is_user_id(user)):
            raise Problem("unauthenticated", "Slack has not said for whom: use slack_identity_auth.")
        if team != self.team:
            raise Problem("not-allowed", "This is for people of another workspace.")
        return user


def _needs_no_person(message: Mapping[str, Any]) -> bool:
    method = str(message.get("method"))
    return method in WITHOUT_PERSON or method.startswith("notifications/")


def _message(text: str) -> dict[str, Any]:
    """The one message of the body. A batch is refused, since its messages may be of several people."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is no JSON.") from None
    if not isinstance(message, dict):
        raise Problem("malformed", "Send one message at a time.")
    return message


def _token(person: str, scope: Scope) -> Token:
    return Token(-1, NAME, person, (scope,), datetime(1970, 1, 1, tzinfo=UTC))

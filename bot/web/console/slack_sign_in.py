"""Signs people in with Slack: sends the browser there with a state of its own, and checks what it brings back."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.domain.access.session import SignIn
from bot.domain.access.token import Scope, Token
from bot.domain.errors import DeliveryError
from bot.integrations.slack_openid import IdentityNotVerified, SignedInUser, SlackOpenId
from bot.usecases.access import sessions
from bot.web.api.problems import Problem
from bot.web.console.local_path import local_path
from bot.web.console.sign_in import NOT_NOW, SignInPages
from storage.engine.errors import StorageError

log = structlog.get_logger()

START, CALLBACK = "/login/slack", "/login/slack/callback"
REFUSED = "Slack did not confirm who you are. Try again."
OTHER_TEAM = "You signed in to another workspace. Choose the one that Tocsin is in."
NO_ACCOUNT = "Your account in this workspace is closed, or it belongs to a bot."
AWAY = "Slack does not answer. Sign in with a token, or ask an operator for a link: tocsin login U0123"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class SlackSignIn:
    """Sign-in with Slack. `team` is the workspace that people must come from; `url` our public address."""

    openid: SlackOpenId
    url: str
    team: str

    @property
    def redirect_uri(self) -> str:
        """The address to which Slack sends the browser back, exactly as it is registered there."""
        return self.url.rstrip("/") + CALLBACK

    def routes(self, pages: SignInPages) -> list[web.RouteDef]:
        """The redirect to Slack, and the address that Slack redirects back to."""

        async def start(request: web.Request) -> web.StreamResponse:
            return await self._start(request, pages)

        async def callback(request: web.Request) -> web.StreamResponse:
            return await self._callback(request, pages)

        return [web.get(START, start), web.get(CALLBACK, callback)]

    async def _start(self, request: web.Request, pages: SignInPages) -> web.StreamResponse:
        """Remember the state in a cookie of this browser, and go to Slack."""
        cookies = await pages.console.cookies()
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        remembered = json.dumps([state, nonce, local_path(request.query.get("next"))])
        address = self.openid.address(self.redirect_uri, state, nonce, self.team)
        response = web.Response(status=303, headers={"Location": address})
        cookies.set_openid(response, remembered)
        return response

    async def _callback(self, request: web.Request, pages: SignInPages) -> web.StreamResponse:
        """Check the state, exchange the code, and open a session. The state works once."""
        cookies = await pages.console.cookies()
        remembered = cookies.openid(request)
        state, nonce, then = json.loads(remembered) if remembered else ("", "", "/")
        returned_state, code = request.query.get("state", ""), request.query.get("code", "")
        if not state or not secrets.compare_digest(state.encode(), returned_state.encode("utf-8", "replace")):
            return await pages.form(request, error=REFUSED, status=403)
        if not code or len(code) > _LONGEST:
            return await pages.form(request, error=REFUSED, status=403)
        try:
            proof = await self.openid.signed_in_user(code, self.redirect_uri, nonce)
            response = await self._open_session(request, pages, proof, then)
        except IdentityNotVerified as error:
            log.warning("console.sign_in_refused", reason=str(error))
            response = await pages.form(request, error=REFUSED, status=403)
        except DeliveryError as error:
            log.warning("console.sign_in_failed", reason=str(error))
            response = await pages.form(request, error=AWAY, status=503)
        except StorageError:
            response = await pages.form(request, error=NOT_NOW, status=503)
        cookies.delete_openid(response)
        return response

    async def _open_session(
        self, request: web.Request, pages: SignInPages, proof: SignedInUser, then: str
    ) -> web.Response:
        if proof.team != self.team:
            return await pages.form(request, error=OTHER_TEAM, status=403)
        console = pages.console
        now = console.context.clock.now()
        try:
            await console.authenticator.identify(Token(0, "sign-in", proof.user, (Scope.WRITE,), now), ask=True)
        except Problem:
            return await pages.form(request, error=NO_ACCOUNT, status=403)
        async with console.context.database.transaction() as conn:
            _, secret = await sessions.open_session(conn, proof.user, (Scope.WRITE,), SignIn.SLACK, now)
        return await pages.begin_session(request, secret, local_path(then))

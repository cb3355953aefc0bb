"""Signs people in and out: with a token, or with a link that works once. To follow a link changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from bot.domain.access.session import Session, SignIn, hash_of
from bot.domain.access.token import Token
from bot.usecases import tokens
from bot.usecases.access import login_links, sessions, sign_in_attempts
from bot.web.api.authentication import BOOTSTRAP
from bot.web.console import kept_words, rendering
from bot.web.console.cookies import FIELD, from_another_site
from bot.web.console.kept_words import KEPT, KeptWords
from bot.web.console.local_path import local_path
from bot.web.console.login_required import FORGED, login_page, login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of
from bot.web.one_of import is_one_of
from storage import names
from storage.engine.errors import StorageError

USED_UP = "This link was used already, or it has expired. Ask for another: tocsin login U0123"
UNKNOWN_TOKEN = "The token is unknown, expired or revoked. Make another: tocsin token create --name me --as U0123"  # noqa: S105
NOT_NOW = "The database does not answer. Try again in a moment."
_LONGEST = 500


def routes(pages: SignInPages) -> list[web.RouteDef]:
    """The pages that sign people in, and the form that signs them out."""
    console = pages.console
    return [
        web.get("/login", pages.show),
        web.post("/login", pages.sign_in_with_token),
        web.get(login_links.PATH + "{secret}", pages.show_link),
        web.post(login_links.PATH + "{secret}", pages.sign_in_with_link),
        web.post("/logout", login_required(console, sign_out)),
    ]


class SignInPages:
    """The pages that people see before they are signed in."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.context = console.context

    @property
    def now(self) -> datetime:
        """The bot's time."""
        return self.context.clock.now()

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the form for a token."""
        try:
            if await self.console.visitor(request) is not None:
                raise web.HTTPSeeOther(local_path(request.query.get("next")))
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503)
        return await self.form(request)

    async def sign_in_with_token(self, request: web.Request) -> web.StreamResponse:
        """Sign in with the token in the form."""
        form = await form_of(request)
        if not await self._is_genuine(request, form):
            return await self.form(request, error=FORGED, status=403)
        typed_words, token_secret = kept_words.parse(form.get(KEPT)), str(form.get("token", "")).strip()
        database, address = self.context.database, self.console.client_of(request)
        try:
            if wait_s := await sign_in_attempts.take(database, address, self.now):
                return await self._too_many(request, wait_s, typed_words)
            token = await self._token(token_secret) if len(token_secret) <= _LONGEST else None
            if token is None:
                return await self.form(request, error=UNKNOWN_TOKEN, status=401, kept=typed_words)
            await sign_in_attempts.give_back(database, address, self.now)
            async with database.transaction() as conn:
                session, secret = await sessions.open_session(
                    conn,
                    token.person,
                    token.scopes,
                    SignIn.TOKEN,
                    self.now,
                    hash_of(token_secret),
                )
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503, kept=typed_words)
        begin_session = await self.begin_session(request, secret, local_path(str(form.get("next", ""))))
        return begin_session if typed_words is None else await self._form_again(request, session, secret, typed_words)

    async def _form_again(self, request: web.Request, session: Session, secret: str, kept: KeptWords) -> web.Response:
        """The form that was sent after the earlier session had ended."""
        cookies = await self.console.cookies()
        response = rendering.html(request, "kept.html", kept=kept, csrf=cookies.session_token(session))
        cookies.set_session(response, secret)
        return response

    async def _too_many(self, request: web.Request, wait_s: int, kept: KeptWords | None = None) -> web.Response:
        error = f"Too many attempts to sign in have failed. Wait {wait_s} s, then try again."
        response = await self.form(request, error=error, status=429, kept=kept)
        response.headers["Retry-After"] = str(wait_s)
        return response

    async def show_link(self, request: web.Request) -> web.StreamResponse:
        """Show who would be signed in, and a button: mail scanners follow links, and must not use them up."""
        link = await login_links.look(self.context.database, request.match_info["secret"][:_LONGEST])
        if link is None or not link.is_valid(self.now):
            return await self.form(request, error=USED_UP, status=410)
        async with self.context.database.reading() as conn:
            known_names = await names.get_many(conn, {link.person})
        return await self.form(request, person=known_names.get(link.person, link.person))

    async def sign_in_with_link(self, request: web.Request) -> web.StreamResponse:
        """Sign in with the link."""
        if not await self._is_genuine(request, await form_of(request)):
            return await self.form(request, error=FORGED, status=403)
        try:
            opened_session = await login_links.use(
                self.context.database, request.match_info["secret"][:_LONGEST], self.now
            )
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503)
        if opened_session is None:
            return await self.form(request, error=USED_UP, status=410)
        return await self.begin_session(request, opened_session[1], "/")

    async def _token(self, secret: str) -> Token | None:
        if secret and is_one_of(secret, self.console.authenticator.bootstrap()):
            return BOOTSTRAP
        return await tokens.valid(self.context.database, secret, self.now)

    async def _is_genuine(self, request: web.Request, form: Mapping[str, object]) -> bool:
        cookies = await self.console.cookies()
        return not from_another_site(request) and cookies.is_of_visit(form.get(FIELD), cookies.visit(request))

    async def begin_session(self, request: web.Request, secret: str, then: str) -> web.Response:
        """End the browser's earlier session, and give it the new one."""
        await self._end_earlier_session(request)
        answer = web.Response(status=303, headers={"Location": then})
        (await self.console.cookies()).set_session(answer, secret)
        return answer

    async def _end_earlier_session(self, request: web.Request) -> None:
        earlier = await self._earlier_session(request)
        if earlier is not None:
            await sessions.end(self.context.database, earlier.id, self.now)

    async def _earlier_session(self, request: web.Request) -> Session | None:
        cookies = await self.console.cookies()
        session_secret = cookies.session_secret(request)
        if session_secret is None:
            return None
        return await sessions.find(self.context.database, session_secret, self.console.bootstrap_hashes(), self.now)

    async def form(
        self, request: web.Request, *, error: str = "", person: str = "", status: int = 200,
        kept: KeptWords | None = None,
    ) -> web.Response:  # fmt: skip
        """The page that signs in, with what went wrong."""
        return await login_page(self.console, request, error=error, person=person, status=status, kept=kept)


async def sign_out(visitor: Visitor) -> web.StreamResponse:
    """End the session."""
    await sessions.end(visitor.context.database, visitor.session.id, visitor.now)
    response = web.Response(status=303, headers={"Location": "/login"})
    visitor.cookies.delete_session(response)
    return response

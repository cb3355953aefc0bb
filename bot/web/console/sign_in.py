"""Signs people in and out: with a token, or with a link that works once. To follow a link changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bot.domain.access.session import Session, SignIn, hash_of
from bot.domain.access.token import Token
from bot.usecases import tokens
from bot.usecases.access import login_links, sessions, sign_in_attempts
from bot.web.api.authentication import BOOTSTRAP
from bot.web.console import kept_words, rendering
from bot.web.console.cookies import FIELD, from_another_site
from bot.web.console.door import FORGED, Door, Visitor, login_page, signed_in
from bot.web.console.inside import inside
from bot.web.console.kept_words import KEPT, KeptWords
from bot.web.form import form_of
from bot.web.one_of import is_one_of
from storage import names
from storage.engine.errors import StorageError

USED_UP = "This link was used already, or it has expired. Ask for another: tocsin login U0123"
UNKNOWN_TOKEN = "The token is unknown, expired or revoked. Make another: tocsin token create --name me --as U0123"  # noqa: S105
NOT_NOW = "The database does not answer. Try again in a moment."
_LONGEST = 500


def routes(pages: SignInPages) -> list[web.RouteDef]:
    """The routes before and after a session."""
    door = pages.door
    return [
        web.get("/login", pages.show),
        web.post("/login", pages.with_token),
        web.get(login_links.PATH + "{secret}", pages.show_link),
        web.post(login_links.PATH + "{secret}", pages.with_link),
        web.post("/logout", signed_in(door, sign_out)),
    ]


class SignInPages:
    """The pages that people see before they are signed in."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The form for a token."""
        try:
            if await self.door.visitor(request) is not None:
                raise web.HTTPSeeOther(inside(request.query.get("next")))
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503)
        return await self.form(request)

    async def with_token(self, request: web.Request) -> web.StreamResponse:
        """Sign in with the token in the form."""
        form = await form_of(request)
        if not await self._genuine(request, form):
            return await self.form(request, error=FORGED, status=403)
        typed_words, token_secret = kept_words.read(form.get(KEPT)), str(form.get("token", "")).strip()
        database, address = self.door.context.database, self.door.client_of(request)
        try:
            if wait_s := await sign_in_attempts.take(database, address, self.door.context.clock.now()):
                return await self._too_many(request, wait_s, typed_words)
            token = await self._token(token_secret) if len(token_secret) <= _LONGEST else None
            if token is None:
                return await self.form(request, error=UNKNOWN_TOKEN, status=401, kept=typed_words)
            await sign_in_attempts.give_back(database, address, self.door.context.clock.now())
            async with database.transaction() as conn:
                session, secret = await sessions.open_session(
                    conn, token.person, token.scopes, SignIn.TOKEN, self.door.context.clock.now(), hash_of(token_secret)
                )
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503, kept=typed_words)
        begun = await self.begun(request, secret, inside(str(form.get("next", ""))))
        return begun if typed_words is None else await self._form_again(request, session, secret, typed_words)

    async def _form_again(self, request: web.Request, session: Session, secret: str, kept: KeptWords) -> web.Response:
        """The form that was sent after the earlier session had ended."""
        cookies = await self.door.cookies()
        response = rendering.html(request, "kept.html", kept=kept, csrf=cookies.session_token(session))
        cookies.set_session(response, secret)
        return response

    async def _too_many(self, request: web.Request, wait_s: int, kept: KeptWords | None = None) -> web.Response:
        error = f"Too many attempts to sign in have failed. Wait {wait_s} s, then try again."
        response = await self.form(request, error=error, status=429, kept=kept)
        response.headers["Retry-After"] = str(wait_s)
        return response

    async def show_link(self, request: web.Request) -> web.StreamResponse:
        """Who would be signed in, and a button: programs that look at mail follow links, and must not use them up."""
        link = await login_links.look(self.door.context.database, request.match_info["secret"][:_LONGEST])
        if link is None or not link.is_valid(self.door.context.clock.now()):
            return await self.form(request, error=USED_UP, status=410)
        async with self.door.context.database.reading() as conn:
            known_names = await names.get_many(conn, {link.person})
        return await self.form(request, person=known_names.get(link.person, link.person))

    async def with_link(self, request: web.Request) -> web.StreamResponse:
        """Sign in with the link."""
        if not await self._genuine(request, await form_of(request)):
            return await self.form(request, error=FORGED, status=403)
        try:
            opened_session = await login_links.use(
                self.door.context.database, request.match_info["secret"][:_LONGEST], self.door.context.clock.now()
            )
        except StorageError:
            return await self.form(request, error=NOT_NOW, status=503)
        if opened_session is None:
            return await self.form(request, error=USED_UP, status=410)
        return await self.begun(request, opened_session[1], "/")

    async def _token(self, given: str) -> Token | None:
        if given and is_one_of(given, self.door.authenticator.bootstrap()):
            return BOOTSTRAP
        return await tokens.valid(self.door.context.database, given, self.door.context.clock.now())

    async def _genuine(self, request: web.Request, form: Mapping[str, object]) -> bool:
        cookies = await self.door.cookies()
        return not from_another_site(request) and cookies.is_of_visit(form.get(FIELD), cookies.visit(request))

    async def begun(self, request: web.Request, secret: str, then: str) -> web.Response:
        """The answer that gives the browser its session; the one that it had ends."""
        await self._end_earlier(request)
        answer = web.Response(status=303, headers={"Location": then})
        (await self.door.cookies()).set_session(answer, secret)
        return answer

    async def _end_earlier(self, request: web.Request) -> None:
        earlier = await self._earlier(request)
        if earlier is not None:
            await sessions.end(self.door.context.database, earlier.id, self.door.context.clock.now())

    async def _earlier(self, request: web.Request) -> Session | None:
        cookies, context = await self.door.cookies(), self.door.context
        session_secret = cookies.session_secret(request)
        if session_secret is None:
            return None
        return await sessions.find(context.database, session_secret, self.door.bootstrap_hashes(), context.clock.now())

    async def form(
        self, request: web.Request, *, error: str = "", person: str = "", status: int = 200,
        kept: KeptWords | None = None,
    ) -> web.Response:  # fmt: skip
        """The page that signs in, with what went wrong."""
        return await login_page(self.door, request, error=error, person=person, status=status, kept=kept)


async def sign_out(visitor: Visitor) -> web.StreamResponse:
    """End the session."""
    await sessions.end(visitor.door.context.database, visitor.session.id, visitor.now)
    response = web.Response(status=303, headers={"Location": "/login"})
    visitor.cookies.delete_session(response)
    return response

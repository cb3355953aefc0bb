"""Signs members in to an internal status page at an address of its own, which does not get the console's cookies.

1. The page's address sends the browser to `/status/enter` at the console's address.
2. There its person signs in, if need be, and the browser goes back with a ticket, which works once and for a minute.
3. The page's address takes the ticket and gives the browser a cookie, which is worth as much as the console's session.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.domain.access.session import LONGEST, sign, verify
from bot.usecases.access import sessions
from bot.usecases.status_page.address import PREFIX, page_url
from bot.usecases.unit_of_work import DuplicateDelivery, claim_delivery
from bot.web.console.local_path import local_path
from bot.web.console.visitor import Console
from bot.web.statuspage.gate import ONLY_MEMBERS

ENTER = f"{PREFIX}/enter"
VALID_FOR = timedelta(minutes=1)
USED_UP = "This link was used already, or it has expired. Open the status page again."
_TICKET, _COOKIE = "page ticket", "page"
_NAME = "tocsin_page"
_LONGEST = 300  # characters of a ticket or cookie


class PageSignIn:
    """The pages at both addresses."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._context = console.context

    def console_routes(self) -> list[web.RouteDef]:
        """At the console's address: who has signed in goes back with a ticket."""
        return [web.get(ENTER, self._leave)]

    def page_routes(self) -> list[web.RouteDef]:
        """At the page's address: the ticket becomes a cookie."""
        return [web.get(ENTER + "/{ticket}", self._enter)]

    def address(self, request: web.Request) -> str:
        """The address of the sign-in for a page: the console's, which must be set."""
        return f"{(self._context.url or '').rstrip('/')}{ENTER}?next={quote(request.path_qs, safe='/')}"

    async def is_member(self, request: web.Request) -> bool | None:
        """Whether the cookie is a member's; None for a browser without one. It ends with the console's session."""
        value = request.cookies.get(self._cookie_name, "")
        number = verify(_COOKIE, value, await self._key()) if 0 < len(value) <= _LONGEST else None
        if number is None:
            return None
        session = await sessions.find_by_id(
            self._context.database, int(number), self._console.bootstrap_hashes(), self._context.clock.now()
        )
        return None if session is None else await self._console.admits(session)

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        target, page = _page_path(request.query.get("next")), page_url(self._context)
        session = await self._console.session_of(request)
        if session is None:
            raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='/')}")
        if not await self._console.admits(session):
            raise web.HTTPForbidden(text=ONLY_MEMBERS)
        if not self._is_elsewhere(page):
            raise web.HTTPSeeOther(target)
        expires_at = self._context.clock.now() + VALID_FOR
        payload = f"{session.id}:{int(expires_at.timestamp())}:{secrets.token_hex(16)}"
        ticket = sign(_TICKET, payload, await self._key())
        raise web.HTTPSeeOther(f"{page}/enter/{quote(ticket)}?next={quote(target, safe='/')}")

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        ticket, key, now = request.match_info["ticket"], await self._key(), self._context.clock.now()
        payload = verify(_TICKET, ticket, key) if len(ticket) <= _LONGEST else None
        if payload is None:
            raise web.HTTPGone(text=USED_UP)
        number, expires, nonce = payload.split(":")
        if now.timestamp() >= int(expires):
            raise web.HTTPGone(text=USED_UP)
        try:
            async with self._context.database.transaction() as conn:
                await claim_delivery(conn, f"page ticket {nonce}", now)
        except DuplicateDelivery:
            raise web.HTTPGone(text=USED_UP) from None
        headers = {"Location": _page_path(request.query.get("next")), "Cache-Control": "no-store"}
        answer = web.Response(status=303, headers=headers)
        answer.set_cookie(
            self._cookie_name, sign(_COOKIE, number, key), max_age=int(LONGEST.total_seconds()), path="/",
            httponly=True, samesite="Lax", secure=self._is_secure,
        )  # fmt: skip
        return answer

    def _is_elsewhere(self, page: str) -> bool:
        """Whether the page has an address that is not the console's."""
        own_url, status_url = urlsplit(self._context.url or ""), urlsplit(page)
        return bool(status_url.netloc) and (own_url.scheme, own_url.netloc) != (status_url.scheme, status_url.netloc)

    @property
    def _is_secure(self) -> bool:
        return page_url(self._context).startswith("https://")

    @property
    def _cookie_name(self) -> str:
        return f"__Host-{_NAME}" if self._is_secure else _NAME

    async def _key(self) -> str:
        return (await self._console.cookies()).key


def _page_path(path: str | None) -> str:
    """The path if it leads to the status page, else that of the page."""
    target = local_path(path)
    return target if target.split("?")[0] == PREFIX or target.startswith(f"{PREFIX}/") else PREFIX

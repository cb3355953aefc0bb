"""Decides who may see a page that is not public: readers with its link, and members who have signed in."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from bot.web.statuspage.cache import StatusPageCache

SignInAddress = Callable[[web.Request], str]
IsMember = Callable[[web.Request], Awaitable[bool | None]]
ONLY_MEMBERS = "This page is for members of the workspace. Ask one of them for what you need to know."


def sign_in_here(request: web.Request) -> str:
    """The console's own form, which leads back to what was asked for."""
    return f"/login?next={quote(request.path_qs, safe='/')}"


@dataclass(frozen=True, slots=True)
class Gate:
    """`is_member` says whether somebody signed in and is a member, None that nobody signed in.

    On a listener of its own without a console elsewhere, nobody can sign in, and it is None itself. `sign_in` is the
    address where people sign in and come back from.
    """

    cache: StatusPageCache
    is_member: IsMember | None = None
    sign_in: SignInAddress = sign_in_here

    async def admit(self, request: web.Request, *, page: bool = True) -> bool:
        """Returns whether the reader has the link to a page that is not public, so that further links carry its key.

        Others get an internal page once they have signed in, and are sent there first if they asked for a `page`.
        Everybody else gets a 404, as if there were none.
        """
        if self.cache.view is None:
            return False  # nothing is rendered yet, so there is nothing to see
        if self.cache.access is None or self.has_key(request):
            return True
        member = None if self.is_member is None else await self.is_member(request)
        if member:
            return False
        if member is not None:
            raise web.HTTPForbidden(text=ONLY_MEMBERS)
        internal = self.cache.view.rules.visibility == "internal"
        if internal and page and self.is_member is not None and request.method == "GET":
            raise web.HTTPSeeOther(self.sign_in(request))
        raise web.HTTPNotFound

    def has_key(self, request: web.Request) -> bool:
        """Whether the address carries the key of a page that is not public."""
        access_key = request.query.get("access", "").encode("utf-8", "replace")
        return self.cache.access is not None and hmac.compare_digest(access_key, self.cache.access.encode())

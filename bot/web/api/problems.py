"""Answers that say what went wrong and how to fix it, as problem details: https://www.rfc-editor.org/rfc/rfc9457"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.domain.errors import NotAllowed, NotFound, Refused
from bot.operations.base import BadArgument
from bot.operations.versions import OutdatedVersion

TYPE = "application/problem+json"
LONGEST_BODY = 1024 * 1024
# By the last part of `type`: the status and the title.
KINDS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthenticated": (401, "No valid token"),
    "not-allowed": (403, "Not allowed"),
    "not-found": (404, "Not found"),
    "method": (405, "Method not allowed"),
    "refused": (409, "It does not fit the state"),
    "outdated": (412, "It has changed"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "The body has another type"),
    "invalid": (422, "The arguments are not valid"),
    "key-used": (422, "The key belongs to another request"),
    "too-many": (429, "Too many requests"),
    "failed": (500, "It failed"),
    "not-recorded": (503, "Not recorded"),
}


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers, self.more = kind, detail, headers or {}, more

    def response(self) -> web.Response:
        """The problem as JSON."""
        status, title = KINDS[self.kind]
        body: dict[str, Any] = {
            "type": f"/api#{self.kind}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **self.more,
        }
        text = json.dumps(body, ensure_ascii=False)
        return web.Response(
            status=status, body=text.encode("utf-8", "replace"), content_type=TYPE, headers=dict(self.headers)
        )


def problem_of_refusal(error: Refused) -> Problem:
    """The problem of a request that a use case refused."""
    more: dict[str, Any] = {"example": f"/incident {error.example}"} if error.example else {}
    if isinstance(error, NotFound):
        return Problem("not-found", error.message)
    if isinstance(error, NotAllowed):
        return Problem("not-allowed", error.message)
    if isinstance(error, OutdatedVersion):
        return Problem("outdated", error.message)
    if isinstance(error, BadArgument):
        return Problem("invalid", error.message, errors=[{"field": error.name, "message": error.message}])
    return Problem("refused", error.message, **more)


def problem_of_http(error: web.HTTPException) -> Problem:
    """The problem of an HTTP error, such as an address without a route."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem("method", f"This address takes {allowed}.", {"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem("too-large", f"At most {LONGEST_BODY} bytes.")
    if error.status == 404:
        return Problem("not-found", "There is no such address. See /api for those there are.")
    return Problem("malformed" if error.status < 500 else "failed", error.reason or "The request cannot be read.")

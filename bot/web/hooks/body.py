"""Reads the body of a webhook of a monitoring system, which may be large, once the request has proved its origin."""

from __future__ import annotations

import asyncio

from aiohttp import web

LARGEST_BODY = 16 * 1024 * 1024
BODY_WITHIN_S = 30.0
JSON_TYPES = ("application/json", "text/json")


class BodyRefused(Exception):
    """A body that is not read: the HTTP status, and what was expected in words."""

    def __init__(self, status: int, why: str, expected: str) -> None:
        super().__init__(why)
        self.status = status
        self.expected = expected


async def read_json_body(request: web.Request) -> bytes:
    """The bytes of a JSON body. Raises `BodyRefused` for another type, one too large, or one that takes too long."""
    kind = request.content_type
    if kind not in JSON_TYPES and not kind.endswith("+json"):
        raise BodyRefused(415, "unknown type", "Content-Type: application/json")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BodyRefused(415, "compressed", "a body without Content-Encoding")
    if (request.content_length or 0) > LARGEST_BODY:
        raise _too_large()
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for part in request.content.iter_any():
                parts += part
                if len(parts) > LARGEST_BODY:
                    raise _too_large()
    except TimeoutError:
        raise BodyRefused(408, "too slow", f"the whole body within {BODY_WITHIN_S:.0f} seconds") from None
    return bytes(parts)


def _too_large() -> BodyRefused:
    return BodyRefused(413, "too large", f"at most {LARGEST_BODY // 2**20} MiB")

"""Reads the body of a webhook of a monitoring system, which may be large, off the event loop."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.web.hooks import json_body

LARGEST_BODY = 16 * 1024 * 1024
BODY_WITHIN_S = 30.0
JSON_TYPES = ("application/json", "text/json")
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 200


class BodyRefused(Exception):
    """A body that is not read: the HTTP status, and what was expected in words."""

    def __init__(self, status: int, why: str, expected: str) -> None:
        super().__init__(why)
        self.status = status
        self.expected = expected


async def read_body(request: web.Request, *, forms: bool = False, any_type: bool = False) -> bytes:
    """The bytes of a JSON body, or of a form. Raises `BodyRefused` for another type, one too large or too slow."""
    kind = request.content_type
    if not (any_type or kind in JSON_TYPES or kind.endswith("+json") or (forms and kind == FORM)):
        raise BodyRefused(415, "unknown type", "Content-Type: application/json" + (f", or {FORM}" if forms else ""))
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
    except ConnectionResetError:
        raise BodyRefused(400, "broken off", "the whole body") from None
    return bytes(parts)


def parse(body: bytes, kind: str) -> Any:
    """The JSON of a body, or the fields of a form; of a field given twice the last. Raises `ValueError`."""
    if kind != FORM:
        return json_body.parse(body)
    fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    payload = fields.get("payload")
    return json_body.parse(payload.encode()) if payload and len(fields) == 1 else fields


def _too_large() -> BodyRefused:
    return BodyRefused(413, "too large", f"at most {LARGEST_BODY // 2**20} MiB")

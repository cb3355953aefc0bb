"""Reads the form that a browser or Twilio sends, whatever the headers say about it: UTF-8, and no files.

A header may name any codec that Python has. Some of them need minutes for a megabyte, and one that does not exist, or
does not fit the bytes, is an error; so no codec is taken from a request.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 1000


async def form_of(request: web.Request) -> MultiDictProxy[str]:
    """The fields; none where the body is no such form. Raises an HTTP error for too large a body, or too many."""
    if request.content_type != FORM:
        return MultiDictProxy(MultiDict())
    text = (await request.read()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise web.HTTPBadRequest(text="Too many fields.") from None
    return MultiDictProxy(MultiDict(pairs))

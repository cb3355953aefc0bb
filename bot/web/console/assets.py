"""Serves the console's stylesheet and script, each under a name with its hash, so that browsers keep them for good."""

from __future__ import annotations

import functools
import gzip
import hashlib
from importlib import resources

from aiohttp import web

FOLDER = "/console/"
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_KEPT = "public, max-age=31536000, immutable"
_TYPES = {"style.css": "text/css", "script.js": "text/javascript"}


@functools.cache
def content(name: str) -> bytes:
    """An asset, without the white space at the beginning of lines and without lines that are comments."""
    text = resources.files("bot.web.console").joinpath("static", name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("/*", "//"))).encode()


@functools.cache
def address(name: str) -> str:
    """The path of an asset."""
    stem, _, ending = name.partition(".")
    return f"{FOLDER}{stem}-{hashlib.sha256(content(name)).hexdigest()[:12]}.{ending}"


@functools.cache
def _packed(name: str) -> bytes:
    return gzip.compress(content(name), mtime=0)


def routes() -> list[web.RouteDef]:
    """A route for each asset."""
    return [web.get(address(name), functools.partial(_serve, name)) for name in _TYPES]


async def _serve(name: str, request: web.Request) -> web.Response:
    headers = {"Cache-Control": _KEPT, "Vary": "Accept-Encoding"}
    body = content(name)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"], body = "gzip", _packed(name)
    return web.Response(body=body, content_type=_TYPES[name], charset="utf-8", headers=headers)

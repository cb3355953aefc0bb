"""The page: a small Slack in the browser, served from files beside this module. It reaches nothing but this server."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

HERE = Path(__file__).resolve().parent / "ui"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_POLICY = "; ".join(f"{name} {value}" for name, value in POLICY.items())
# What people upload is served by this host too: opened by itself it may do nothing.
LOCKED = "default-src 'none'; sandbox; frame-ancestors 'none'"


def routes(app: web.Application) -> None:
    """Enter the page, its files, and headers that hold for every answer of the server."""
    app.router.add_get("/", page)
    app.router.add_get("/ui/{file}", file)
    app.on_response_prepare.append(_guard)


async def page(request: web.Request) -> web.Response:
    """The page itself."""
    return _answer(HERE / "index.html")


async def file(request: web.Request) -> web.Response:
    """One of its modules or style sheets."""
    found = HERE / request.match_info["file"]
    if found.parent != HERE or found.suffix not in TYPES or not found.is_file():
        return web.Response(status=404, text="no such file")
    return _answer(found)


def _answer(path: Path) -> web.Response:
    return web.Response(
        body=path.read_bytes(),
        content_type=TYPES[path.suffix],
        charset="utf-8",
        headers={"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-cache"},
    )


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Security-Policy", LOCKED)

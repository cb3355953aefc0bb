"""Serves the sandbox's web page (the files of `ui/`), which a content security policy lets reach only this server."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

UI = Path(__file__).resolve().parent / "ui"
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
# Uploaded files are served by this host, too: opened in the browser, they may do nothing.
LOCKED = "default-src 'none'; sandbox; frame-ancestors 'none'"


def routes(app: web.Application) -> None:
    """Add the routes, and security headers to every answer of the server."""
    app.router.add_get("/", index)
    app.router.add_get("/ui/{file}", file)
    app.on_response_prepare.append(_guard)


async def index(request: web.Request) -> web.Response:
    """Serve the web page."""
    return _answer(UI / "index.html")


async def file(request: web.Request) -> web.Response:
    """Serve one module, style sheet or image of the page."""
    path = UI / request.match_info["file"]
    if path.parent != UI or path.suffix not in TYPES or not path.is_file():
        return web.Response(status=404, text="no such file")
    return _answer(path)


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

"""Renders the console's pages. Templates get plain values, escape every one, and refuse unknown names."""

from __future__ import annotations

import functools
import gzip
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.web.console import assets
from bot.web.console.words import span_text

PAGES = (
    ("now", "/", "Now"), ("incidents", "/incidents", "Incidents"), ("alerts", "/alerts", "Alerts"),
    ("oncall", "/oncall", "On call"), ("playbooks", "/playbooks", "Playbooks"),
    ("statuspage", "/statuspage", "Status page"), ("reviews", "/reviews", "Reviews & actions"),
    ("figures", "/figures", "Figures"), ("audit", "/audit", "Audit"), ("setup", "/setup", "Setup"),
)  # fmt: skip
SMALL = 1400  # bytes that fit in one packet: not worth compressing


@functools.cache
def environment() -> Environment:
    """The templates."""
    env = Environment(
        loader=PackageLoader("bot.web.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    env.filters["span"] = span_text
    env.globals.update(pages=PAGES, style=assets.address("style.css"), script=assets.address("script.js"))
    return env


def html(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page, compressed where the browser takes that."""
    body = environment().get_template(template).render(**values).encode("utf-8", "replace")
    headers = {"Content-Security-Policy": assets.CSP, "Vary": "Accept-Encoding, Cookie"}
    if len(body) > SMALL and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"], body = "gzip", gzip.compress(body, 5, mtime=0)
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8", headers=headers)

"""Serves the page `/api`: the operations and the problems of the API, for people. It needs no token and no script."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape

from aiohttp import web

from bot.domain.policy.policy import Policy
from bot.operations.base import Operation
from bot.operations.table import OPERATIONS
from bot.usecases.context import Context
from bot.web.api.openapi import example
from bot.web.api.problems import KINDS

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{overflow:auto;padding:.5rem;border:1px solid #8886}"
    "h3 code{font-weight:700}td,th{text-align:left;padding-right:1rem;vertical-align:top}"
    "nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem}main{overflow-wrap:anywhere}pre{overflow-wrap:normal}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def routes(context: Context) -> list[web.RouteDef]:
    """The route."""

    async def reference(_: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": CSP}
        return web.Response(text=page(context.policy), content_type="text/html", charset="utf-8", headers=headers)

    return [web.get("/api", reference)]


def page(policy: Policy) -> str:
    """The page as HTML."""
    tags = dict.fromkeys(operation.tag for operation in OPERATIONS)
    sections = [
        f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
        + "".join(_described(operation, policy) for operation in OPERATIONS if operation.tag == tag)
        for tag in tags
    ]
    links = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in [*tags, "Problems"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tocsin API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        "<h1>Tocsin API</h1><p>Everything under <code>/api/v1</code>, with the header "
        "<code>Authorization: Bearer tcs_…</code>. A token is made by <code>tocsin token create --name ci --as U0123 "
        '--scopes write</code>. For programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>'
        f"<nav>{links}</nav>{''.join(sections)}{_problems()}</main></body></html>"
    )


def _described(operation: Operation, policy: Policy) -> str:
    arguments = example(operation, policy)
    if not arguments:
        example_html = ""
    elif operation.method == "GET":
        example_html = f"<pre>{escape('?' + '&'.join(f'{name}={value}' for name, value in arguments.items()))}</pre>"
    else:
        example_html = f"<pre>{escape(json.dumps(arguments, ensure_ascii=False))}</pre>"
    doc = " ".join((operation.arguments.__doc__ or "").split())
    return (
        f'<h3 id="{operation.name}"><code>{operation.method} {escape(operation.path)}</code></h3>'
        f"<p>{escape(operation.summary)}. Scope <code>{operation.scope}</code>."
        f"{' ' + escape(doc) if arguments else ''}</p>{example_html}"
    )


def _problems() -> str:
    rows = "".join(
        f'<tr id="{kind}"><td>{status}</td><td><code>{kind}</code></td><td>{escape(title)}</td></tr>'
        for kind, (status, title) in KINDS.items()
    )
    return (
        '<h2 id="problems">Problems</h2><p>An error is a JSON object with <code>type</code>, <code>title</code>, '
        "<code>status</code> and <code>detail</code>, which says what to do.</p>"
        f"<table><thead><tr><th>Status</th><th>Type</th><th>Title</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")

"""Serves the page `/api`: the operations and the problems of the API, for people. It needs no token and no script."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from bot.domain.policy.policy import Policy
from bot.operations.base import Arguments, Operation
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
    """The route of the API's reference page."""

    async def reference(_: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": CSP}
        text = await asyncio.to_thread(page, context.policy)  # the first time takes tenths of a second
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    return [web.get("/api", reference)]


def page(policy: Policy) -> str:
    """The page as HTML."""
    tags = dict.fromkeys(operation.tag for operation in OPERATIONS)
    sections = [
        f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
        + "".join(_operation_html(operation, policy) for operation in OPERATIONS if operation.tag == tag)
        for tag in tags
    ]
    links = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in [*tags, "Problems"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tocsin API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        "<h1>Tocsin API</h1><p>Everything under <code>/api/v1</code>, with the header "
        "<code>Authorization: Bearer tcs_…</code>. A token is made by <code>tocsin token create --name ci --as U0123 "
        '--scopes write</code>. For programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>'
        f"<nav>{links}</nav>{''.join(sections)}{_problems_html()}</main></body></html>"
    )


def _operation_html(operation: Operation, policy: Policy) -> str:
    arguments = example(operation, policy)
    if not arguments:
        example_html = ""
    elif operation.method == "GET":
        query = "&".join(f"{name}={_in_query(value)}" for name, value in arguments.items())
        example_html = f"<pre>{escape('?' + query)}</pre>"
    else:
        example_html = f"<pre>{escape(json.dumps(arguments, ensure_ascii=False))}</pre>"
    doc = " ".join((operation.arguments.__doc__ or "").split())
    return (
        f'<h3 id="{operation.name}"><code>{operation.method} {escape(operation.path)}</code></h3>'
        f"<p>{escape(operation.summary)}. Scope <code>{operation.scope}</code>."
        f"{' ' + _marked(doc) if ' ' in doc and arguments else ''}</p>{_arguments(operation.arguments)}{example_html}"
    )


def _in_query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _marked(text: str) -> str:
    """Text with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


@functools.cache
def _arguments(arguments: type[Arguments]) -> str:
    """Each argument with its values and what it is for; those that may be left out say so."""
    schema = arguments.model_json_schema()
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<li><code>{escape(name)}</code>{'' if name in required else ' optional'}{_detail(value, schema)}</li>"
        for name, value in schema.get("properties", {}).items()
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _detail(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    options = [option for option in value.get("anyOf", [value]) if option.get("type") != "null"]
    first = dict(options[0]) if options else {}
    words = value.get("description") or first.get("description", "")
    if "$ref" in first:
        first = schema["$defs"][str(first["$ref"]).rsplit("/", 1)[-1]]
    kinds = ", ".join(map(str, first.get("enum", ()))) or {"date-time": "an instant"}.get(first.get("format", ""), "")
    description = ". ".join(filter(None, (_marked(kinds), _marked(str(words).rstrip(".")))))
    return f": {description}." if description else ""


def _problems_html() -> str:
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

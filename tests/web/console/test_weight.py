"""Every page of the console is light with a year's data: at most 60 KB of HTML, and of a cold load as a whole."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.scenarios.running import World, policy_file, running_world
from tests.web.console import year
from tests.web.console.browser import Browser, browser

MOST_BYTES = 60 * 1024
# By route: the paths that are weighed.
PATHS: dict[str, tuple[str, ...]] = {
    "/": ("/",),
    "/drill": ("/drill",),
    "/incidents": ("/incidents", "/incidents?status=closed", "/incidents?q=checkout"),
    "/incidents/{id}": ("/incidents/INC-1", "/incidents/INC-2", "/incidents/INC-1?part=live"),
    "/incidents/{id}/playbooks/{run}": ("/incidents/INC-1/playbooks/1",),
    "/incidents/{id}/tell": ("/incidents/INC-1/tell", "/incidents/INC-1/tell?audience=internal"),
    "/incidents/{id}/review": ("/incidents/INC-2/review",),
    "/incidents/{id}/review/{section}": ("/incidents/INC-2/review/lessons",),
    "/alerts": ("/alerts", "/alerts?scope=all", "/alerts?silences=3"),
    "/alerts/{id}": ("/alerts/AG-1",),
    "/alerts/rules": ("/alerts/rules",),
    "/alerts/rules/{rule}": ("/alerts/rules/ServiceDown",),
    "/alerts/noise": ("/alerts/noise",),
    "/oncall": ("/oncall", "/oncall?week=1"),
    "/playbooks": ("/playbooks",),
    "/playbooks/{playbook}": ("/playbooks/database-outage",),
    "/statuspage": ("/statuspage", "/statuspage?part=2"),
    "/statuspage/subscribers": ("/statuspage/subscribers",),
    "/reviews": ("/reviews", "/reviews?scope=overdue&part=2"),
    "/figures": ("/figures", "/figures?days=365"),
    "/figures/load": ("/figures/load",),
    "/audit": ("/audit",),
    "/setup": ("/setup", "/setup?tokens=2&sessions=2"),
    "/setup/policy": ("/setup/policy",),
}
# Routes that are no pages, or pages without a visitor.
EXCEPTIONS = {
    "/incidents/{id}/stream": "events for as long as the page is open",
    "/incidents/{id}/review.md": "the review as a file",
    "/login": "weighed without a session",
    "/login/{secret}": "the same page as /login",
    "/login/slack": "a redirect to Slack",
    "/login/slack/callback": "a redirect back",
}


def console_routes(world: World) -> set[str]:
    """The paths of everything that the console answers to GET, apart from the stylesheet and the script."""
    paths = {
        route.resource.canonical
        for route in world.tocsin.http.application.router.routes()
        if route.method == "GET" and route.resource is not None and ".console." in _module(route)
    }
    return {path for path in paths if not path.startswith("/console/")}


def _module(route: web.AbstractRoute) -> str:
    handler = route.handler
    return str(getattr(handler, "__module__", "") or getattr(getattr(handler, "func", None), "__module__", ""))


async def test_every_page_with_a_years_data_is_at_most_60_kilobytes(sqlite_url: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"policy": policy_file(tmp_path, year.POLICY), "tocsin_hook_token": year.HOOK_TOKEN}
    async with running_world(sqlite_url, **settings) as world, browser(world, scopes="admin") as maya:
        assert console_routes(world) - EXCEPTIONS.keys() == PATHS.keys(), "a page that is not weighed"
        await year.fill(world, maya)
        heavy: dict[str, tuple[int, int]] = {}
        for path in (path for paths in PATHS.values() for path in paths):
            html, cold = await weight(maya, path)
            heavy |= {path: (html, cold)} if max(html, cold) > MOST_BYTES else {}
        async with browser(world, None) as nobody:
            assert max(await weight(nobody, "/login")) <= MOST_BYTES
        assert heavy == {}, "bytes of the HTML, and of a cold load"


async def weight(visitor: Browser, path: str) -> tuple[int, int]:
    """The bytes of a page's HTML, and those of a cold load with stylesheet and script, as they cross the network."""
    html, total, waiting = 0, 0, [path]
    for each in waiting:
        headers = {"Accept-Encoding": "gzip"}
        async with visitor.session.get(visitor.url + each, headers=headers, auto_decompress=False) as answer:
            assert answer.status == 200, each
            body = await answer.read()
        total += len(body) + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        if each == path:
            plain = gzip.decompress(body) if answer.headers.get("Content-Encoding") else body
            html = len(plain)
            waiting += re.findall(r'(?:href|src)="(/console/[^"]+)"', plain.decode())
    return html, total

"""Serves the page of an acknowledge link: GET shows who would acknowledge what, and only POST acts.

Mail scanners follow links, so following one must change nothing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from html import escape

from aiohttp import web

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.slack.blocks.bookmarks import bridge_address
from bot.usecases.acknowledge_links import PATH, LinkState, OpenedLink, act_on, open_link
from bot.usecases.context import Context
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import names
from storage.engine.errors import StorageError

_STYLE = (
    "body{font:18px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "h1{font-size:1.4rem;line-height:1.3}"
    "button{font:inherit;font-weight:600;padding:.75rem 1.5rem;width:100%;border:0;border-radius:.5rem;"
    "background:#0b6e4f;color:#fff}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
NOT_VALID = "This link is not valid. Open Slack, or the newest page that you got."
LONGEST = 600


def routes(context: Context) -> list[web.RouteDef]:
    """GET shows a link and its button; POST acknowledges."""

    async def show(request: web.Request) -> web.Response:
        link = await _link_of(context, request)
        if link is None:
            return _page("Not valid", f"<p>{NOT_VALID}</p>", 404)
        person = await _name(context, link.link.person)
        if link.state is LinkState.VALID and link.incident.open:
            button = '<form method="post"><button>Acknowledge: I am responding</button></form>'
            return _page(
                "Acknowledge", f"{_incident_html(link)}<p>You acknowledge as <b>{escape(person)}</b>.</p>{button}"
            )
        return _page("Nothing to do", _incident_html(link) + f"<p>{_why_nothing(link)}</p>", 410)

    async def act(request: web.Request) -> web.Response:
        link = await _link_of(context, request)
        if link is None:
            return _page("Not valid", f"<p>{NOT_VALID}</p>", 404)
        if link.state is not LinkState.VALID:
            return _page("Nothing to do", _incident_html(link) + f"<p>{_why_nothing(link)}</p>", 410)
        try:
            outcome = await act_on(context, link)
        except DuplicateDelivery:
            return _page("Nothing to do", _incident_html(link) + "<p>This link was used already.</p>", 410)
        except Refused as refused:
            return _page("Nothing to do", _incident_html(link) + f"<p>{escape(refused.message)}</p>", 409)
        except StorageError:
            return _page("Not recorded", "<p>It could not be recorded. Press the button again.</p>", 503)
        first = f"{escape(await _name(context, outcome.first_by))} was first. " if outcome.first_by else ""
        paragraph = f"<p>{first}You are responding. Nobody else is paged for it.</p>"
        response = replace(link, incident=outcome.incident)
        return _page("Acknowledged", _incident_html(response) + paragraph + await _whereto(context, outcome.incident))

    return [web.get(PATH + "{token}", show), web.post(PATH + "{token}", act)]


async def _link_of(context: Context, request: web.Request) -> OpenedLink | None:
    token = request.match_info["token"]
    return await open_link(context, token) if len(token) <= LONGEST else None


async def _name(context: Context, person: str) -> str:
    async with context.database.reading() as conn:
        return (await names.get_many(conn, {person})).get(person, person)


async def _whereto(context: Context, incident: Incident) -> str:
    """The links to go on: the incident's page in the console, and the call. None for a private incident."""
    if incident.private:
        return ""
    async with context.database.reading() as conn:
        call = bridge_address(incident, await context.policies.of(conn, incident), "")
    links = [("Go on in the console", f"/incidents/{incident.id}"), *([("Join the call", call)] if call else [])]
    return "".join(f'<p><a href="{escape(url)}">{title}</a></p>' for title, url in links)


def _incident_html(link: OpenedLink) -> str:
    incident = link.incident
    if incident.private:
        return f"<h1>{incident.id}</h1><p>This incident is private.</p>"
    return f"<h1>{incident.id}: {escape(incident.title)}</h1><p>{escape(incident.severity)} · {incident.status}</p>"


def _why_nothing(link: OpenedLink) -> str:
    if link.state is LinkState.USED:
        return "This link was used already."
    if link.state is LinkState.EXPIRED:
        return "This link has expired. Open Slack, or the newest page that you got."
    return f"The incident is {link.incident.status}: nobody has to respond any more."


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · Tocsin</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>{body}</main>'
        "</body></html>"
    )
    return web.Response(text=text, status=status, content_type="text/html", headers={"Content-Security-Policy": CSP})

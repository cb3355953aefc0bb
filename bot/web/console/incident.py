"""The page of one incident: facts, roles, what is next and why, the timeline, and every verb as a form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.domain.access.token import Token
from bot.domain.errors import NotFound
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.operations.base import BadArgument
from bot.operations.visibility import visible_incident
from bot.slack.blocks.bookmarks import bridge_address
from bot.web.api.problems import Problem
from bot.web.console import rendering
from bot.web.console.forms import Form, Rejected, carry_out, redirect
from bot.web.console.labels import label_of
from bot.web.console.login_required import login_required
from bot.web.console.runs import opening_form
from bot.web.console.verbs import FIRST, VERBS, offered_forms, takes_nothing, title_of, verb_form
from bot.web.console.visitor import Console, Visitor

CHANNELS = "https://app.slack.com/client"
PAGE, MOST_TOLD = 30, 5  # entries, and messages to audiences
MOST_UPCOMING = 12  # deadlines
MOST_GROUPS = 50  # of alerts
FILTERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "all": ("Everything", {}),
    "key": ("Key moments", {"key": True}),
    "updates": ("Updates", {"kind": "declared,status,severity,update,resolved,closed,cancelled,reopened,merged"}),
    "pages": ("Pages and reminders", {"kind": "page,escalated,reminder,snoozed,acknowledged,delivery_failed"}),
    "messages": ("Messages", {"kind": "message,message_edited,message_deleted,file,note"}),
    "playbooks": ("Playbooks", {"kind": "playbook"}),
    "alerts": ("Alerts", {"kind": "alert"}),
}


def routes(console: Console) -> list[web.RouteDef]:
    """The page, its stream of new entries, and the forms of the verbs."""
    return [
        web.get("/incidents/{id}", login_required(console, show)),
        web.get("/incidents/{id}/stream", login_required(console, stream)),
        web.post("/incidents/{id}/{verb:[a-z]+(?:/[a-z]+)?}", login_required(console, act)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the page, or with `part=live` only what changes by itself."""
    return await _page(visitor)


async def stream(visitor: Visitor) -> web.StreamResponse:
    """Stream the entries of the timeline as they are recorded, for as long as the session lasts."""

    async def token() -> Token:
        latest = await visitor.console.visitor(visitor.request)
        if latest is None:
            raise Problem("unauthenticated", "You are signed out.")
        return latest.token

    return await visitor.console.streams.serve(visitor.request, token)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Carry out a verb, and come back to the page."""
    operation = VERBS.get(visitor.request.match_info["verb"])
    if operation is None:
        raise NotFound(f"There is no verb “{visitor.request.match_info['verb'][:40]}”.")
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    form = verb_form(operation, incident.id, visitor.context.policy)
    try:
        await carry_out(visitor, form, {"id": incident.id}, "fields" if operation.name == "answer_fields" else "")
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{incident.id}?done={quote(title_of(operation.name))}")


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    call = visitor.call(visitor.request.match_info)
    incident = await visible_incident(call)
    path = {"id": incident.id}
    facts = await visitor.ask("get_incident", path)
    timeline = await _timeline(visitor, path)
    ledger = (await visitor.ask("list_reminders", path))["reminders"]
    alerts = await visitor.ask("list_incident_alerts", path, limit=MOST_GROUPS)
    waiting = (row for row in ledger if row["state"] == "waiting")
    upcoming = merge_simultaneous(sorted(waiting, key=itemgetter("due_at")))
    values = {
        "at": "",
        "incident": facts,
        "policy_severity": _severity(visitor.context.policy, facts["severity"]),
        "roles": _roles(visitor.context.policy, facts["roles"]),
        "upcoming": upcoming[:MOST_UPCOMING],
        "more_upcoming": len(upcoming[MOST_UPCOMING:]),
        "past": [row for row in reversed(ledger) if row["state"] != "waiting"][:PAGE],
        "extras": _extra_facts(facts, visitor.context.policy),
        "links": await _links(visitor, incident),
        "groups": alerts["groups"],
        "more_groups": alerts["next_cursor"] is not None,
        **timeline,
    }
    if visitor.request.query.get("part") == "live":
        words = await visitor.words(*values.values())
        return rendering.html(visitor.request, "incident_live.html", words=words, **values)
    offers = sum(offer.to == visitor.person for offer in incident.handovers)
    communications = (await visitor.ask("list_communications", path, limit=MOST_TOLD))["communications"]
    runs = (await visitor.ask("list_runs", path))["playbooks"]
    opening = await opening_form(visitor, incident.id) if incident.open else None
    values |= {"communications": communications, "runs": runs, "playbook_form": opening}
    forms = offered_forms(facts, visitor.context.policy, visitor.person, offers)
    return await visitor.page("incident.html", status, **values, **_arrange_forms(forms, refused))


def _arrange_forms(forms: list[Form], refused: Form | None) -> dict[str, Any]:
    """The forms by their place on the page, with a refused form in place of its empty one."""
    page_forms = [refused if refused is not None and form.name == refused.name else form for form in forms]
    if refused is not None and refused not in page_forms:
        page_forms.append(refused)
    return {
        "buttons": [form for form in page_forms if takes_nothing(form)],
        "forms": [form for form in page_forms if not takes_nothing(form) and form.name in FIRST],
        "more_forms": [form for form in page_forms if not takes_nothing(form) and form.name not in FIRST],
    }


async def _timeline(visitor: Visitor, path: Mapping[str, str]) -> dict[str, Any]:
    query = visitor.request.query
    show = query.get("show", "all") if query.get("show", "all") in FILTERS else "all"
    cursor = {"cursor": query["cursor"]} if query.get("cursor") else {}
    try:
        answer = await visitor.ask("list_entries", path, order="desc", limit=PAGE, **FILTERS[show][1], **cursor)
    except ValueError:
        raise BadArgument("cursor", "This address is no longer good. Open the incident again.") from None
    filters = [(key, label) for key, (label, _) in FILTERS.items()]
    return {
        "entries": answer["entries"], "next_cursor": answer["next_cursor"], "show": show, "filters": filters,
        "older": bool(cursor),
    }  # fmt: skip


def merge_simultaneous(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The deadlines, with the steps of playbooks that are due in the same minute as one line."""
    grouped = groupby(rows, key=lambda row: (row["kind"], row["due_at"][:16] if row["kind"] == "playbook" else id(row)))
    return [_merge_rows(list(group)) for _, group in grouped]


def _merge_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    more = len(rows) - 1
    return {**rows[0], "reason": f"{rows[0]['reason']}; {more} more at the same time"} if more else rows[0]


async def _links(visitor: Visitor, incident: Incident) -> list[tuple[str, str]]:
    """The links to its conversation: the call, and the channel once there is one."""
    async with visitor.context.database.reading() as conn:
        policy = await visitor.context.policies.of(conn, incident)
    team = visitor.console.team
    call = bridge_address(incident, policy, team)
    channel = f"{CHANNELS}/{team}/{incident.channel_id}" if team and incident.channel_id else None
    return [(title, url) for title, url in (("Call", call), ("Channel", channel)) if url]


def _roles(policy: Policy, held: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Every role of the policy with its holder, then those that the policy no longer has."""
    rows = [(role.title, held.get(role.key)) for role in policy.roles]
    keys = {role.key for role in policy.roles}
    return [*rows, *((key, holder) for key, holder in held.items() if key not in keys)]


def _extra_facts(incident: Mapping[str, Any], policy: Policy) -> list[tuple[str, str]]:
    """Regions, what is known of the impact, and the answers to the organisation's own questions."""
    labels = {custom_field.key: custom_field.label for custom_field in policy.fields}
    regions = [("Regions", ", ".join(incident["regions"]))] if incident["regions"] else []
    facts = [(label_of("record_impact", name), _value_text(value)) for name, value in incident["facts"].items()]
    return [
        *regions,
        *facts,
        *((labels.get(key, key), _value_text(value)) for key, value in incident["fields"].items()),
    ]


def _value_text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _severity(policy: Policy, key: str) -> str:
    level = next((level for level in policy.severities if level.key == key), None)
    return level.name if level is not None else key

"""The page **Now**: open incidents, what waits for the visitor, who is on call, alerts that fire, and Slack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.policy.policy import Policy
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.console.waiting import lines_waiting_for
from storage.alerts import groups, members

MOST, MOST_ALERTS = 100, 10
_DRILL_ALONE = frozenset({"drill", "plays", "at", "slack_down"})


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the form that declares an incident."""
    return [
        web.get("/", login_required(console, now)),
        web.post("/declare", login_required(console, declare)),
    ]


async def now(visitor: Visitor) -> web.StreamResponse:
    """Show the page."""
    return await _page(visitor)


async def declare(visitor: Visitor) -> web.StreamResponse:
    """Declare an incident and go to it."""
    try:
        incident = await carry_out(visitor, _declare_form(visitor.context.policy), {})
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/" if incident is None else f"/incidents/{incident['id']}?done=Declare")


def _declare_form(policy: Policy) -> Form:
    middle = policy.severities[len(policy.severities) // 2].key
    form = form_for("declare_incident", "/declare", policy, "Declare an incident", "Declare", severity=middle)
    return replace(form, fields=tuple(form_field for form_field in form.fields if form_field.name not in _DRILL_ALONE))


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    policy = visitor.context.policy
    open_incidents = await visitor.ask("list_incidents", status="open", limit=MOST)
    schedules = (await visitor.ask("list_schedules"))["schedules"]
    return await visitor.page(
        "now.html", status, at="now", form=refused or _declare_form(policy),
        incidents=worst_first(open_incidents["incidents"], policy), more=open_incidents["next_cursor"],
        mine=_with_my_roles(open_incidents["incidents"], visitor.person), waiting=await lines_waiting_for(visitor),
        schedules=schedules,
        alerts=await _firing_groups(visitor),
    )  # fmt: skip


def worst_first(incidents: list[dict[str, Any]], policy: Policy) -> list[dict[str, Any]]:
    """By severity, then the oldest first; drills come last."""
    order = {level.key: rank for rank, level in enumerate(policy.severities)}
    ranked = [{**incident, "rank": order.get(incident["severity"], len(order))} for incident in incidents]
    return sorted(ranked, key=lambda row: (row["drill"], row["rank"], row["declared_at"]))


def _with_my_roles(incidents: list[dict[str, Any]], person: str) -> list[dict[str, Any]]:
    """The open incidents in which the person holds a role."""
    return [
        {**incident, "my_roles": [role for role, holder in incident["roles"].items() if holder == person]}
        for incident in incidents
        if person in incident["roles"].values()
    ]


async def _firing_groups(visitor: Visitor) -> list[dict[str, Any]]:
    async with visitor.context.database.reading() as conn:
        alert_groups = await groups.firing(conn, MOST_ALERTS)
        counts = await members.counts(conn, [group.number for group in alert_groups])
    return [
        {"id": group.id, "title": group.title, "severity": group.severity, "since": group.opened_at,
         "firing": counts[group.number].firing if group.number in counts else 0}
        for group in alert_groups
    ]  # fmt: skip

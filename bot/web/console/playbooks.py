"""The pages of the playbooks: all of them, and each with its steps and commands."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.domain.access.identity import OPERATOR
from bot.usecases.queries.list_incidents import IncidentQuery, list_incidents
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

MOST_OPEN = 50  # incidents


def routes(console: Console) -> list[web.RouteDef]:
    """The list of playbooks, and the page of each."""
    return [
        web.get("/playbooks", login_required(console, show)),
        web.get("/playbooks/{playbook}", login_required(console, read)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show every playbook by category, and the runs in incidents that the visitor may see."""
    library = await visitor.context.playbook_library.library()
    words = visitor.request.query.get("q", "").strip().lower()[:100]
    rows: list[dict[str, Any]] = [
        {"id": playbook.id, "name": playbook.name, "category": playbook.category, "symptoms": playbook.symptoms[:3],
         "steps": sum(len(phase.steps) for phase in playbook.phases)}
        for playbook in library.playbooks
        if words in f"{playbook.name} {playbook.category} {' '.join(playbook.symptoms)}".lower()
    ]  # fmt: skip
    categories = sorted({row["category"] for row in rows})
    return await visitor.page(
        "playbooks.html", at="playbooks", q=words, runs=await _open_runs(visitor),
        categories=[(name, [row for row in rows if row["category"] == name]) for name in categories],
    )  # fmt: skip


async def read(visitor: Visitor) -> web.StreamResponse:
    """Show one playbook."""
    playbook = await visitor.ask("get_playbook", visitor.request.match_info)
    return await visitor.page("playbook.html", at="playbooks", playbook=playbook)


async def _open_runs(visitor: Visitor) -> list[dict[str, object]]:
    """The playbooks open in open incidents, those of the newest incidents first."""
    viewer = None if visitor.person == OPERATOR else visitor.person
    async with visitor.context.database.reading() as conn:
        open_incidents = (await list_incidents(conn, IncidentQuery(open_only=True), viewer, MOST_OPEN)).incidents
    return [
        {"incident": incident.id, "title": incident.title, "run": run.number, "name": run.name,
         "settled": run.settled, "total": run.total}
        for incident in open_incidents
        for run in incident.walks
        if run.outcome is None
    ]  # fmt: skip

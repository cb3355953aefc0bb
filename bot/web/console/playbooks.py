"""The pages of the playbooks: all of them, and each with its steps and commands."""

from __future__ import annotations

from aiohttp import web

from bot.web.console.door import Door, Visitor, signed_in
from storage import playbook_runs

MOST_RUNS = 20


def routes(door: Door) -> list[web.RouteDef]:
    """The routes."""
    return [
        web.get("/playbooks", signed_in(door, show)),
        web.get("/playbooks/{playbook}", signed_in(door, read)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Every playbook by category, and those that are open in an incident the visitor may see."""
    listed = (await visitor.ask("list_playbooks"))["playbooks"]
    wanted = visitor.request.query.get("q", "").strip().lower()[:100]
    kept = [
        {"id": each["id"], "name": each["name"], "category": each["category"], "symptoms": each["symptoms"][:3],
         "steps": sum(len(phase["steps"]) for phase in each["phases"])}
        for each in listed
        if wanted in f"{each['name']} {each['category']} {' '.join(each['symptoms'])}".lower()
    ]  # fmt: skip
    categories = sorted({each["category"] for each in kept})
    return await visitor.page(
        "playbooks.html", at="playbooks", q=wanted, runs=await _running(visitor),
        categories=[(name, [each for each in kept if each["category"] == name]) for name in categories],
    )  # fmt: skip


async def read(visitor: Visitor) -> web.StreamResponse:
    """One playbook."""
    playbook = await visitor.ask("get_playbook", visitor.request.match_info)
    return await visitor.page("playbook.html", at="playbooks", playbook=playbook)


async def _running(visitor: Visitor) -> list[dict[str, object]]:
    """The playbooks open in open incidents, those of the newest incidents first."""
    listed = (await visitor.ask("list_incidents", status="open", limit=MOST_RUNS))["incidents"]
    running = []
    async with visitor.door.context.database.reading() as conn:
        for incident in listed:
            for run in await playbook_runs.of_incident(conn, int(incident["id"].removeprefix("INC-"))):
                if run.outcome is None:
                    running.append(
                        {"incident": incident["id"], "title": incident["title"], "run": run.number, "name": run.name,
                         "settled": run.settled, "total": len(run.steps)}
                    )  # fmt: skip
    return running

"""Tools that read: incidents, timelines, who is on call, alerts, playbooks, figures, action items, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.domain.errors import NotFound, Refused
from bot.domain.figures.report import Period, Scope
from bot.json_shapes.figures import figures_json
from bot.json_shapes.incidents import action_json, review_json, similar_json
from bot.mcp.tool import (
    INCIDENT,
    WHOLE,
    Arguments,
    Tool,
    ask,
    integer,
    permalink,
    person,
    shorten,
    text,
    without_empty,
    workspace_url,
)
from bot.operations.base import Call
from bot.operations.visibility import visible_incident
from bot.usecases.queries import actions, search
from bot.usecases.queries.figures import period_figures
from bot.usecases.reviews.read import read_review

MOST = 50
_LISTED = ("id", "title", "severity", "status", "private", "drill", "services", "declared_at", "acknowledged_at",
           "resolved_at", "roles", "merged_into")  # fmt: skip
_STAMPS = ("detected_at", "identified_at", "mitigated_at", "closed_at", "declared_by", "responders", "description",
           "summary", "root_cause", "category", "regions", "facts", "fields", "tags", "related", "updates",
           "time_to_acknowledge_s", "time_to_resolve_s")  # fmt: skip


async def _list(call: Call, arguments: Arguments) -> dict[str, Any]:
    answer = await ask(call, "list_incidents", {"limit": 20, **arguments})
    base = await workspace_url(call)
    incidents = [_brief(incident, base) for incident in answer["incidents"]]
    return without_empty({"incidents": incidents, "next_cursor": answer["next_cursor"]}) or {"incidents": []}


def _brief(incident: dict[str, Any], base: str, more: tuple[str, ...] = (), most: int = 200) -> dict[str, Any]:
    fields = {name: incident.get(name) for name in (*_LISTED, *more)}
    for name in ("title", "description", "summary", "root_cause"):
        if fields.get(name):
            fields[name] = shorten(fields[name], most)
    return without_empty({**fields, "link": permalink(base, incident.get("channel_id"))})


async def _get(call: Call, arguments: Arguments) -> dict[str, Any]:
    incident = await ask(call, "get_incident", {}, id=arguments["id"])
    return _brief(incident, await workspace_url(call), _STAMPS, WHOLE)


async def _timeline(call: Call, arguments: Arguments) -> dict[str, Any]:
    query = {
        "key": not arguments.get("all", False),
        "limit": arguments.get("limit", 30),
        "order": arguments.get("order", "desc"),
    }
    if arguments.get("cursor"):
        query["cursor"] = arguments["cursor"]
    incident = await ask(call, "get_incident", {}, id=arguments["id"])
    answer = await ask(call, "list_entries", query, id=arguments["id"])
    base, channel = await workspace_url(call), incident["channel_id"]
    entries = [
        without_empty(
            {
                "seq": entry["seq"],
                "at": entry["at"],
                "kind": entry["kind"],
                "actor": entry["actor"],
                "source": entry["source"],
                "text": shorten(entry.get("last_text") or entry["text"]),
                "link": permalink(base, channel, entry["source_ts"]) if entry["source_ts"] else None,
            }
        )
        for entry in answer["entries"]
    ]
    return {"id": incident["id"], "entries": entries, "next_cursor": answer["next_cursor"]}


async def _why(call: Call, arguments: Arguments) -> dict[str, Any]:
    answer = await ask(call, "list_reminders", {}, id=arguments["id"])
    rows = [without_empty({**row, "reason": shorten(row["reason"])}) for row in answer["reminders"][-MOST:]]
    return {"reminders": rows, "left_out": max(0, len(answer["reminders"]) - MOST)}


async def _similar(call: Call, arguments: Arguments) -> dict[str, Any]:
    if arguments.get("words"):
        incidents = (await ask(call, "search_incidents", {"q": arguments["words"], "limit": 5}))["incidents"]
    elif arguments.get("id"):
        incident = await visible_incident(
            Call(call.context, call.actor, {"id": arguments["id"]}, operator=call.operator)
        )
        async with call.context.database.reading() as conn:
            matches = await search.similar_to(conn, incident, call.context.clock.now(), 5)
        incidents = [similar_json(match) for match in matches]
    else:
        raise Refused("similar_incidents takes id or words.")
    base = await workspace_url(call)
    return {
        "incidents": [
            without_empty(
                {**_brief(incident, base), "fixed": shorten(incident["fixed"]), "reasons": incident["reasons"]}
            )
            for incident in incidents
        ]
    }


async def _on_call(call: Call, arguments: Arguments) -> dict[str, Any]:
    if arguments.get("schedule"):
        days = {"days": arguments["days"]} if arguments.get("days") else {}
        shifts: dict[str, Any] = await ask(call, "list_shifts", days, schedule=arguments["schedule"])
        return shifts
    on_call: dict[str, Any] = await ask(call, "list_schedules", {})
    return on_call


async def _alerts(call: Call, arguments: Arguments) -> dict[str, Any]:
    page = {"cursor": arguments["cursor"]} if arguments.get("cursor") else {}
    if arguments.get("incident"):
        answer = await ask(call, "list_incident_alerts", {"limit": MOST, **page}, id=arguments["incident"])
    else:
        answer = await ask(call, "list_alerts", {"scope": arguments.get("scope", "firing"), "limit": MOST, **page})
    return {"alerts": [_cut(row) for row in answer["groups"]], "next_cursor": answer["next_cursor"]}


def _cut(value: Any, depth: int = 0) -> Any:
    """The same value with long texts and long lists cut."""
    if isinstance(value, str):
        return shorten(value)
    if isinstance(value, dict):
        return without_empty({name: _cut(item, depth + 1) for name, item in value.items()})
    return [_cut(item, depth + 1) for item in value[:20]] if isinstance(value, list) else value


async def _explain(call: Call, arguments: Arguments) -> dict[str, Any]:
    explained: dict[str, Any] = _cut(await ask(call, "explain_alerts", {}, id=arguments["id"]))
    return explained


async def _rules(call: Call, _: Arguments) -> dict[str, Any]:
    rules = (await ask(call, "list_rules", {}))["rules"]
    rule_rows = [without_empty({**rule, "enabled": None if rule["enabled"] else "no"}) for rule in rules[:MOST]]
    return {"rules": rule_rows, "left_out": max(0, len(rules) - MOST)}


async def _playbooks(call: Call, arguments: Arguments) -> dict[str, Any]:
    playbooks = (await ask(call, "list_playbooks", {}))["playbooks"]
    words = str(arguments.get("words", "")).lower().split()
    rows = [
        {
            "id": playbook["id"],
            "name": playbook["name"],
            "category": playbook["category"],
            "symptoms": playbook["symptoms"][:3],
        }
        for playbook in playbooks
        if all(
            word in f"{playbook['id']} {playbook['name']} {playbook['category']} {playbook['symptoms']}".lower()
            for word in words
        )
    ]
    return {"playbooks": rows[:MOST], "left_out": max(0, len(rows) - MOST)}


async def _playbook(call: Call, arguments: Arguments) -> dict[str, Any]:
    playbook: dict[str, Any] = _cut(await ask(call, "get_playbook", {}, playbook=arguments["id"]))
    return playbook


async def _metrics(call: Call, arguments: Arguments) -> dict[str, Any]:
    now = call.context.clock.now()
    period = Period(now - timedelta(days=arguments.get("days", 30)), now)
    report = await period_figures(call.context.database, call.context.policy, Scope(period), now)
    return figures_json(report, call.context.policy)


async def _actions(call: Call, arguments: Arguments) -> dict[str, Any]:
    today = call.context.clock.now().date()
    if arguments.get("incident"):
        incident_call = Call(call.context, call.actor, {"id": arguments["incident"]}, operator=call.operator)
        incident = await visible_incident(incident_call)
        async with call.context.database.reading() as conn:
            action_items = await actions.of_incident(conn, incident)
    else:
        user = None if call.operator else call.actor
        async with call.context.database.reading() as conn:
            action_items = await actions.find_live(
                conn,
                user,
                owner=person(call, arguments.get("owner")),
                due_before=today if arguments.get("overdue") else None,
                limit=MOST,
            )
    rows = [_cut(action_json(item, today)) for item in action_items.items[:MOST]]
    return {"actions": rows, "total": action_items.total}


async def _review(call: Call, arguments: Arguments) -> dict[str, Any]:
    incident = await visible_incident(Call(call.context, call.actor, {"id": arguments["id"]}, operator=call.operator))
    async with call.context.database.snapshot() as conn:
        policy = await call.context.policies.of(conn, incident)
        view = await read_review(conn, policy, incident.number)
    if incident.open:
        raise NotFound(f"{incident.id} is still open: its review is drafted once it is resolved.")
    review = review_json(view, call.context.clock.now().date())
    sections = [
        without_empty(
            {
                "title": section["title"],
                "text": shorten(" ".join(sentence["text"] for sentence in section["sentences"]), 1_500),
                "cites": _own_cites(section),
                "questions": [question["text"] for question in section["questions"]],
            }
        )
        for section in review["sections"]
    ]
    return without_empty(
        {"id": incident.id, "state": review["state"], "due_at": review["due_at"], "sections": sections}
    )


def _own_cites(section: Mapping[str, Any]) -> list[int]:
    """The entries that a section cites, without those of merged incidents, whose numbers would mislead."""
    cites = [cite for sentence in section["sentences"] for cite in sentence["cites"]]
    return sorted({cite["seq"] for cite in cites if "incident" not in cite})[:20]


TOOLS = (
    Tool("list_incidents", "List incidents, newest first.", _list, {
        "status": text("`open`, or statuses separated by commas"), "severity": text("Keys separated by commas"),
        "service": text("Key of an affected service"), "since": text("Declared since, RFC 3339"),
        "limit": integer("Default 20", MOST), "cursor": text("`next_cursor` of the page before"),
    }),
    Tool("get_incident", "One incident: facts, roles, times, what fixed it.", _get, INCIDENT, ("id",)),
    Tool("get_timeline", "A slice of an incident's timeline, newest first; key entries unless `all`.", _timeline, {
        **INCIDENT, "all": {"type": "boolean", "description": "Chatter too"},
        "order": text("Default desc", enum=["asc", "desc"]), "limit": integer("Default 30", MOST),
        "cursor": text("`next_cursor` of the page before"),
    }, ("id",)),
    Tool("why", "Every reminder and page of an incident: due, sent, skipped, and the reason.", _why, INCIDENT, ("id",)),
    Tool("similar_incidents", "Past incidents like this one, or that match words, with what fixed them.", _similar, {
        **INCIDENT, "words": text("Words to search for, instead of id"),
    }),
    Tool("who_is_on_call", "Who is on call now and next; with `schedule`, its coming shifts and gaps.", _on_call, {
        "schedule": text("Key of a schedule"), "days": integer("Days ahead", 90),
    }),
    Tool("list_alerts", "Groups of alerts that fire, or those of one incident.", _alerts, {
        "scope": text("Default firing", enum=["firing", "all"]), "incident": text("INC-42"),
        "cursor": text("`next_cursor` of the page before"),
    }),
    Tool("explain_alerts", "Why alerts were grouped, routed or silenced.", _explain, {"id": text("AG-7")}, ("id",)),
    Tool("list_rules", "Alerting rules with their states.", _rules),
    Tool("list_playbooks", "Playbooks, all or those that match words.", _playbooks, {"words": text("Words")}),
    Tool("get_playbook", "One playbook with its steps.", _playbook, {"id": text("ID of a playbook")}, ("id",)),
    Tool("metrics", "Figures of the last days: counts, times to acknowledge and resolve, trends.", _metrics, {
        "days": integer("Default 30", 400),
    }),
    Tool("list_actions", "Action items to be done, or all of one incident.", _actions, {
        "incident": text("INC-42"), "owner": text("Slack ID, or me"), "overdue": {"type": "boolean"},
    }),
    Tool("review_draft", "The review of a resolved incident as drafted from its timeline.", _review, INCIDENT, ("id",)),
)  # fmt: skip

"""Tools for tokens with the scope `write`: a note, an acknowledgement, an action item, the draft of an update.

Tokens with the scope `admin` also switch alerting rules.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.domain.access.token import Scope
from bot.domain.actions.item import NewAction
from bot.domain.errors import Refused
from bot.json_shapes.incidents import action_json
from bot.mcp.tool import INCIDENT, Arguments, Tool, ask, permalink, person, shorten, text, workspace_url
from bot.operations.base import Call
from bot.operations.visibility import visible_incident
from bot.usecases.actions.create import create_action
from storage.timeline import entries as timeline

DRAFTED_KINDS = frozenset(
    {"acknowledged", "status", "severity", "role", "note", "escalated", "page", "alert", "playbook"}
)
LINES = 12


async def _note(call: Call, arguments: Arguments) -> dict[str, Any]:
    return await _state(call, await ask(call, "add_note", {"text": arguments["text"]}, id=arguments["id"]))


async def _acknowledge(call: Call, arguments: Arguments) -> dict[str, Any]:
    return await _state(call, await ask(call, "acknowledge_incident", {}, id=arguments["id"]))


async def _state(call: Call, incident: dict[str, Any]) -> dict[str, Any]:
    fields = {name: incident[name] for name in ("id", "severity", "status", "acknowledged_at")}
    return {"done": True, **fields, "link": permalink(await workspace_url(call), incident["channel_id"])}


async def _draft(call: Call, arguments: Arguments) -> dict[str, Any]:
    """Draft the next update from what happened since the last one. Nothing is stored or sent."""
    incident = await visible_incident(Call(call.context, call.actor, {"id": arguments["id"]}, operator=call.operator))
    async with call.context.database.reading() as conn:
        records = await timeline.read(conn, incident.number, key_only=True, limit=200, newest=True)
    since = next((r.seq for r in reversed(records) if r.entry.kind == "update"), 0)
    new = [
        r
        for r in records
        if r.seq > since and not r.purged and (r.entry.kind in DRAFTED_KINDS or r.entry.kind == "message")
    ]
    lines = [
        f"- {r.entry.at:%H:%M} UTC {_draft_line(r.entry.kind, r.current_text, r.entry.data)}" for r in new[-LINES:]
    ]
    head = f"{incident.severity}, {incident.status}."
    return {
        "id": incident.id,
        "draft": "\n".join([str(arguments.get("text") or head), *lines]),
        "cites": [r.seq for r in new[-LINES:]],
        "sent": False,
        "to_send": f"A person posts it: /incident update <text>, or tocsin update {incident.id} <text>",
    }


def _draft_line(kind: str, content: str, data: dict[str, Any]) -> str:
    if kind in ("status", "severity") and data.get("after"):
        return f"{kind}: {data.get('before')} to {data['after']}"
    return f"{kind}: {shorten(content or data.get('user') or '')}".rstrip(": ")


async def _action(call: Call, arguments: Arguments) -> dict[str, Any]:
    incident = await visible_incident(Call(call.context, call.actor, {"id": arguments["id"]}, operator=call.operator))
    try:
        due = date.fromisoformat(arguments["due"]) if arguments.get("due") else None
    except ValueError:
        raise Refused("due: expected a date such as 2026-12-24.") from None
    new = NewAction(arguments["title"], owner=person(call, arguments.get("owner")), due=due)
    item = await create_action(call.context, incident.number, new, call.actor)
    return action_json(item, call.context.clock.now().date())


async def _switch_rule(call: Call, arguments: Arguments) -> dict[str, Any]:
    operation = "enable_rule" if arguments["enabled"] else "disable_rule"
    rule = await ask(call, operation, {"reason": arguments["reason"]}, rule=arguments["rule"])
    return {"done": True, **{name: rule[name] for name in ("id", "enabled", "state")}}


TOOLS = (
    Tool("add_note", "Add a key entry to an incident's timeline.", _note,
         {**INCIDENT, "text": text("The note", maxLength=20_000)}, ("id", "text"), Scope.WRITE),
    Tool("draft_update", "Draft the next status update from what happened since the last. Never sends it.", _draft,
         {**INCIDENT, "text": text("First line of the draft", maxLength=2_000)}, ("id",), Scope.WRITE),
    Tool("acknowledge", "Acknowledge an incident: your person is responding, and its paging stops.", _acknowledge,
         INCIDENT, ("id",), Scope.WRITE),
    Tool("add_action", "Add an action item to an incident.", _action,
         {**INCIDENT, "title": text("What is to be done", maxLength=300), "owner": text("Slack ID, or me"),
          "due": text("Date, such as 2026-12-24")}, ("id", "title"), Scope.WRITE),
    Tool("switch_rule", "Enable or disable an alerting rule.", _switch_rule,
         {"rule": text("ID"), "enabled": {"type": "boolean"}, "reason": text("Why")},
         ("rule", "enabled", "reason"), Scope.ADMIN),
)  # fmt: skip

"""Operations on action items: list them, add one or a checklist, change one, settle it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.actions.item import (
    ActionItem,
    ActionKind,
    ActionStatus,
    Category,
    NewAction,
    Priority,
)
from bot.domain.actions.ticket import Ticket
from bot.domain.errors import NotFound, Refused
from bot.json_shapes.incidents import action_json, ticket_json
from bot.operations.base import (
    Answer,
    Arguments,
    Call,
    MaybeWords,
    NoArguments,
    Operation,
    Shape,
    SlackId,
    Words,
    number_in,
    question,
)
from bot.operations.visibility import visible_incident
from bot.usecases.actions.add_checklists import add_checklists
from bot.usecases.actions.changes import (
    begin_action,
    complete_action,
    defer_action,
    edit_action,
    reopen_action,
)
from bot.usecases.actions.create import create_action
from bot.usecases.queries import actions as queries
from storage import actions, tickets

TAG = "Action items"
PAGE, MOST = 100, 500
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day, such as 2026-12-04.")]


class ActionShape(Shape):
    """An action item. `ticket` is its ticket in a tracker."""

    model_config = ConfigDict(title="ActionItem")

    id: str = Field(examples=["AI-42-3"])
    incident: str
    title: str
    description: str
    owner: str | None
    priority: Priority
    due: str | None
    category: Category | None
    kind: ActionKind | None
    status: ActionStatus
    reason: str
    overdue: bool
    checklist: str | None
    link: str | None
    created_at: datetime
    created_by: str
    settled_at: datetime | None
    settled_by: str | None
    ticket: dict[str, Any] | None


class ActionsShape(Shape):
    """A page of action items. `total` counts all that match."""

    model_config = ConfigDict(title="ActionItems")

    actions: list[ActionShape]
    total: int


class ListArguments(Arguments):
    """Which open action items to list, in the order of their due days."""

    owner: SlackId | None = None
    overdue: bool = False
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE


class NewArguments(Arguments):
    """The task, its owner and its due day."""

    title: Words
    description: MaybeWords = ""
    owner: SlackId | None = None
    priority: Priority = Priority.P2
    due: Day | None = None
    category: Category | None = None
    kind: ActionKind | None = None


class ChangeArguments(Arguments):
    """The changes. A field that is left out stays as it is, and null clears it. `deferred` needs a reason."""

    title: Words | None = None
    description: MaybeWords | None = None
    owner: SlackId | None = None
    priority: Priority | None = None
    due: Day | None = None
    category: Category | None = None
    kind: ActionKind | None = None
    status: ActionStatus | None = None
    reason: MaybeWords = ""


async def _list(call: Call, arguments: ListArguments) -> Answer:
    day = _today(call)
    async with call.context.database.reading() as conn:
        live_items = await queries.find_live(
            conn,
            None if call.operator else call.actor,
            owner=arguments.owner,
            due_before=day if arguments.overdue else None,
            limit=arguments.limit,
        )
    rows = [_json(item, day, live_items.tickets.get(item.id)) for item in live_items.items]
    return Answer({"actions": rows, "total": live_items.total})


async def _of_incident(call: Call, _: NoArguments) -> Answer:
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        incident_items = await queries.of_incident(conn, incident)
    rows = [_json(item, _today(call), incident_items.tickets.get(item.id)) for item in incident_items.items]
    return Answer({"actions": rows, "total": incident_items.total})


async def _get(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    return await _answer(call, await _item(call))


async def _create(call: Call, arguments: NewArguments) -> Answer:
    await visible_incident(call)
    new = NewAction(
        arguments.title,
        arguments.owner,
        arguments.priority,
        _day(arguments.due),
        arguments.description,
        arguments.category,
        arguments.kind,
    )
    item = await create_action(call.context, call.number, new, call.actor, call.delivery)
    answer = await _answer(call, item)
    return Answer(answer.body, answer.version, f"/incidents/INC-{item.incident}/actions/{item.number}")


async def _add_checklists(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    new_items = await add_checklists(call.context, call.number, call.actor, call.delivery)
    return Answer({"actions": [_json(item, _today(call), None) for item in new_items], "total": len(new_items)})


async def _change(call: Call, arguments: ChangeArguments) -> Answer:
    """Apply the edits first, then the status; each is a change of its own on the timeline."""
    await visible_incident(call)
    item = await _item(call)
    edits = arguments.model_fields_set - {"status", "reason"}
    if not edits and arguments.status is None:
        raise Refused("Say what changes.")
    if edits:
        item = await edit_action(
            call.context, item.incident, item.number, _apply_changes(item, arguments), call.actor,
            call.delivery if arguments.status is None else None,
        )  # fmt: skip
    if arguments.status is not None and arguments.status is not item.status:
        item = await _change_status(call, item, arguments.status, arguments.reason)
    return await _answer(call, item)


async def _change_status(call: Call, item: ActionItem, status: ActionStatus, reason: str) -> ActionItem:
    item_key = (call.context, item.incident, item.number)
    match status:
        case ActionStatus.COMPLETED:
            return await complete_action(*item_key, call.actor, call.delivery)
        case ActionStatus.DEFERRED:
            return await defer_action(*item_key, reason, call.actor, call.delivery)
        case ActionStatus.IN_PROGRESS:
            return await begin_action(*item_key, call.actor, call.delivery)
    return await reopen_action(*item_key, call.actor, call.delivery)


def _apply_changes(item: ActionItem, arguments: ChangeArguments) -> NewAction:
    """The item with the fields that the request changes."""
    values = arguments.model_dump(include=arguments.model_fields_set)
    due = _day(arguments.due) if "due" in values else item.due
    return NewAction(
        values.get("title") or item.title,
        values.get("owner", item.owner),
        values.get("priority") or item.priority,
        due,
        values.get("description", item.description) or "",
        values.get("category", item.category),
        values.get("kind", item.kind),
    )


async def _item(call: Call) -> ActionItem:
    text = call.path["number"]
    number = number_in(text, f"AI-{call.number}-", "action item")
    async with call.context.database.reading() as conn:
        item = await actions.get(conn, call.number, min(number, 2**31 - 1))
    if item is None:
        raise NotFound(f"There is no action item AI-{call.number}-{number}.", "actions all")
    return item


async def _answer(call: Call, item: ActionItem) -> Answer:
    async with call.context.database.reading() as conn:
        ticket = await tickets.get(conn, item.incident, item.number)
    return Answer(_json(item, _today(call), ticket))


def _json(item: ActionItem, today: date, ticket: Ticket | None) -> dict[str, Any]:
    return {**action_json(item, today), "ticket": ticket_json(ticket)}


def _today(call: Call) -> date:
    return call.context.clock.now().astimezone(call.context.policy.zone).date()


def _day(text: str | None) -> date | None:
    """Parse a day. Raises `Refused` for one that is not in the calendar."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Refused(f"There is no day {text}. Write it as 2026-12-04.") from None


OPERATIONS = (
    question(
        "list_actions", "/actions", "List action items that are to be done", _list, ActionsShape,
        arguments=ListArguments, example={"overdue": True}, tag=TAG,
    ),
    question(
        "list_incident_actions", "/incidents/{id}/actions", "List the action items of an incident", _of_incident,
        ActionsShape, tag=TAG,
    ),
    question(
        "get_action", "/incidents/{id}/actions/{number}", "Read an action item", _get, ActionShape, tag=TAG
    ),
    Operation(
        name="create_action", method="POST", path="/incidents/{id}/actions", summary="Add an action item",
        run=_create, answer=ActionShape, arguments=NewArguments, status=201, asks_who=False, conditional=True, tag=TAG,
        example={"title": "Alert on pool usage", "priority": "P1", "due": "2030-05-06", "kind": "detect"},
    ),
    Operation(
        name="add_checklists", method="POST", path="/incidents/{id}/actions/checklists",
        summary="Add the checklists of the days after", run=_add_checklists, answer=ActionsShape, asks_who=False,
        tag=TAG,
    ),
    Operation(
        name="change_action", method="PATCH", path="/incidents/{id}/actions/{number}",
        summary="Change an action item, or settle it", run=_change, answer=ActionShape, arguments=ChangeArguments,
        asks_who=False, conditional=True, tag=TAG, example={"status": "completed"},
    ),
)  # fmt: skip

"""Handles `/incident action` and `/incident actions`: action items and the lists of them."""

from __future__ import annotations

from datetime import date

from bot.domain.actions.item import NewAction, Priority
from bot.domain.policy.policy import Policy
from bot.slack.blocks import actions as blocks
from bot.slack.blocks.actions import ActionList
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import (
    Call,
    PressHandler,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
    WorkspaceCall,
    WorkspaceHandler,
)
from bot.usecases.actions.create import create_action
from bot.usecases.queries import actions as queries
from bot.usecases.queries.actions import FoundActions


def today(call: Call, policy: Policy) -> date:
    """The day it is in the policy's time zone."""
    return call.context.clock.now().astimezone(policy.zone).date()


async def _action(call: VerbCall) -> Message | None:
    request = call.request
    new = NewAction(
        request.text,
        owner=request.users[0] if request.users else None,
        priority=request.priority or Priority.P2,
        due=request.day.resolve(today(call, call.policy)) if request.day else None,
    )
    item = await create_action(call.context, call.number, new, call.user, call.delivery)
    return blocks.created(item, call.ctx.command)


async def _actions(call: WorkspaceCall) -> Message:
    """The items of the channel's incident; elsewhere, without a scope, the person's own."""
    request, policy = call.request, call.context.policy
    day = today(call, policy)
    number = None if request.scope else request.incident or await call.ctx.incident_number_in(call.interaction.channel)
    if number is not None:
        incident, _ = await call.ctx.visible_incident(number, call.interaction)
        async with call.context.database.reading() as conn:
            found = await queries.of_incident(conn, incident)
        return blocks.listing(_listed(found, f"of {incident.id}"), day, call.ctx.command)
    async with call.context.database.reading() as conn:
        match request.scope:
            case "all":
                found, of = await queries.find_live(conn, call.user, limit=blocks.SHOWN), "to do"
            case "overdue":
                found = await queries.find_live(conn, call.user, due_before=day, limit=blocks.SHOWN)
                of = "overdue"
            case _:
                found, of = await queries.find_live(conn, call.user, owner=call.user, limit=blocks.SHOWN), "of yours"
    return blocks.listing(_listed(found, of), day, call.ctx.command)


def _listed(found: FoundActions, of: str) -> ActionList:
    return ActionList(found.items, found.incidents, found.total, of)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"actions": _actions}
VERBS: dict[str, VerbHandler] = {"action": _action}
PRESSES: dict[str, PressHandler] = {}
SUBMISSIONS: dict[str, SubmissionHandler] = {}

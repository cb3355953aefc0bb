"""Handles `/incident action` and `/incident actions`: action items and the lists of them."""

from __future__ import annotations

from datetime import date

from bot.domain.actions.item import ActionItem, NewAction, Priority
from bot.domain.errors import NotFound, Refused
from bot.domain.policy.policy import Policy
from bot.slack.blocks import actions as blocks
from bot.slack.blocks.actions import ActionList
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors, refusal_at
from bot.slack.blocks.modals.action import (
    CREATE,
    EDIT,
    LATER,
    NOT_DOING,
    create_modal,
    edit_modal,
    later_modal,
    not_doing_modal,
    values_of_action,
    values_of_later,
    values_of_not_doing,
)
from bot.slack.listeners.calls import (
    Call,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
    WorkspaceCall,
    WorkspaceHandler,
)
from bot.slack.listeners.people import refuse_bots
from bot.usecases.actions.add_checklists import add_checklists
from bot.usecases.actions.changes import complete_action, defer_action, edit_action, postpone_action, reopen_action
from bot.usecases.actions.create import create_action
from bot.usecases.queries import actions as queries
from bot.usecases.queries.actions import ActionMatches
from storage import actions

EXAMPLE = "action Alert on pool usage @maya by friday P1"


def today(call: Call, policy: Policy) -> date:
    """The day it is in the policy's time zone."""
    return call.context.clock.now().astimezone(policy.zone).date()


async def _action(call: VerbCall) -> Message | None:
    request = call.request
    if not request.text:
        call.require("action", call.incident)
        return await call.open_form(create_modal(call.incident), EXAMPLE)
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
    if request.scope == "checklists":
        return await _checklists(call)
    number = None if request.scope else request.incident or await call.ctx.incident_number_in(call.interaction.channel)
    if number is not None:
        incident, _ = await call.ctx.visible_incident(number, call.interaction)
        async with call.context.database.reading() as conn:
            actions = await queries.of_incident(conn, incident)
        return blocks.listing(_action_list(actions, f"of {incident.id}"), day, call.ctx.command)
    async with call.context.database.reading() as conn:
        match request.scope:
            case "all":
                actions, of = await queries.find_live(conn, call.user, limit=blocks.SHOWN), "to do"
            case "overdue":
                actions = await queries.find_live(conn, call.user, due_before=day, limit=blocks.SHOWN)
                of = "overdue"
            case _:
                actions, of = (
                    await queries.find_live(conn, call.user, owner=call.user, limit=blocks.SHOWN),
                    blocks.YOURS,
                )
    return blocks.listing(_action_list(actions, of), day, call.ctx.command)


async def _press_new(call: Press) -> Message | None:
    call.require("action", call.incident)
    return await call.open_form(create_modal(call.incident), EXAMPLE)


async def _press_done(call: Press) -> Message:
    item = await complete_action(call.context, call.number, _number(call.argument), call.user, call.delivery)
    return blocks.settled(item)


async def _press_reopen(call: Press) -> Message:
    item = await reopen_action(call.context, call.number, _number(call.argument), call.user, call.delivery)
    return Message(f"{item.id} is open again", blocks.with_buttons(item, today(call, call.policy)))


async def _press_choose(call: Press) -> Message:
    item = await _item(call)
    item_blocks = blocks.with_buttons(item, today(call, call.policy))
    return Message(item.id, item_blocks)


async def _press_later(call: Press) -> Message | None:
    return await call.open_form(later_modal(await _live_item(call), today(call, call.policy)), "actions")


async def _press_not_doing(call: Press) -> Message | None:
    return await call.open_form(not_doing_modal(await _live_item(call)), "actions")


async def _press_edit(call: Press) -> Message | None:
    return await call.open_form(edit_modal(await _item(call)), "actions")


async def _live_item(call: Press) -> ActionItem:
    item = await _item(call)
    if not item.live:
        raise Refused(f"{item.id} is settled: {blocks.STATUS_WORDS[item.status]}.", "actions")
    return item


async def _item(call: Press) -> ActionItem:
    number = _number(call.argument)
    async with call.context.database.reading() as conn:
        item = await actions.get(conn, call.number, number)
    if item is None:
        raise NotFound(f"There is no action item AI-{call.number}-{number}.", "actions all")
    return item


def _number(argument: str) -> int:
    return int(argument)


async def _submit_create(call: Submission) -> None:
    values = values_of_action(call.view)
    await _check_owner(call, values.new)
    item = await create_action(call.context, values.incident, values.new, call.user, call.delivery)
    await _answer(call, blocks.created(item, call.ctx.command), item)


async def _submit_edit(call: Submission) -> None:
    values = values_of_action(call.view)
    await _check_owner(call, values.new)
    item = await edit_action(
        call.context, values.incident, values.number or 0, values.new, call.user, call.delivery
    )  # fmt: skip
    await _answer(call, blocks.settled(item), item)


async def _submit_later(call: Submission) -> None:
    incident, number, until = values_of_later(call.view)
    try:
        item = await postpone_action(call.context, incident, number, until, call.user, call.delivery)
    except NotFound:
        raise
    except Refused as refused:
        raise InputErrors({"until": refused.message}) from None
    await _answer(call, blocks.settled(item), item)


async def _submit_not_doing(call: Submission) -> None:
    incident, number, reason = values_of_not_doing(call.view)
    item = await defer_action(call.context, incident, number, reason, call.user, call.delivery)
    await _answer(call, blocks.settled(item), item)


async def _check_owner(call: Submission, new: NewAction) -> None:
    with refusal_at("owner"):
        await refuse_bots(call.ctx, [new.owner] if new.owner else [])


async def _answer(call: Submission, message: Message, item: ActionItem) -> None:
    incident, _ = await call.ctx.visible_incident(item.incident, call.interaction, paged=True)
    await call.reply_later(message, channel=incident.channel_id)


async def _checklists(call: WorkspaceCall) -> Message:
    """Add the checklists of day 1, week 1 and month 1 to the channel's incident, or the one that `--in` names."""
    number = call.request.incident or await call.ctx.incident_number_in(call.interaction.channel)
    if number is None:
        raise Refused("Which incident? Type it in its channel, or name it.", "actions checklists --in INC-1")
    incident, policy = await call.ctx.visible_incident(number, call.interaction)
    await add_checklists(call.context, number, call.user, call.delivery)
    async with call.context.database.reading() as conn:
        actions = await queries.of_incident(conn, incident)
    return blocks.listing(_action_list(actions, f"of {incident.id}"), today(call, policy), call.ctx.command)


def _action_list(actions: ActionMatches, of: str) -> ActionList:
    return ActionList(actions.items, actions.incidents, actions.total, of, actions.tickets)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"actions": _actions}
VERBS: dict[str, VerbHandler] = {"action": _action}
PRESSES: dict[str, PressHandler] = {
    "action_new": _press_new,
    "action_choose": _press_choose,
    "action_done": _press_done,
    "action_later": _press_later,
    "action_not_doing": _press_not_doing,
    "action_reopen": _press_reopen,
    "action_edit": _press_edit,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    CREATE: _submit_create,
    EDIT: _submit_edit,
    LATER: _submit_later,
    NOT_DOING: _submit_not_doing,
}

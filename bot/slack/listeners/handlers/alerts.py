"""Handles `/incident alerts`, and the buttons and forms of the alert card."""

from __future__ import annotations

from bot.domain.errors import NotFound, Refused
from bot.slack.blocks import elements, replies
from bot.slack.blocks.alerts import listing
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.alerts import (
    ATTACH,
    DISMISS,
    attach_modal,
    dismiss_modal,
    values_of_attach,
    values_of_dismiss,
)
from bot.slack.listeners.calls import Call, Submission, SubmissionHandler, WorkspaceCall, WorkspaceHandler
from bot.slack.listeners.context import LARGEST_NUMBER
from bot.usecases.alerts import act
from bot.usecases.queries import alerts
from storage.alerts import groups


async def _alerts(call: WorkspaceCall) -> Message:
    """The alerts of the incident whose channel this is; elsewhere all that fire."""
    policy, now, command = call.context.policy, call.context.clock.now(), call.ctx.command
    number = await call.ctx.incident_number_in(call.interaction.channel)
    async with call.context.database.reading() as conn:
        if number is None:
            views = await alerts.firing(conn)
            return listing.firing_now(views, policy, now, command)
        views = await alerts.of_incident(conn, number)
        total = await groups.count_of_incident(conn, number)
    if not views:
        return listing.none_in(f"INC-{number}")
    return listing.in_incident(views, total, policy, now, command)


async def press_declare(call: Call, value: str) -> Message:
    """Declare an incident for the group."""
    incident = await act.declare_from_card(call.context, _number(value), call.user, call.delivery)
    return replies.declaring(incident, call.context.policy)


async def press_attach(call: Call, value: str) -> Message | None:
    """Open the form to choose an incident."""
    number = _number(value)
    found = await call.ctx.open_incidents(call.user, elements.OPTIONS)
    if not found.incidents:
        raise Refused("No incident is open to attach it to. Declare one.", "declare")
    return await call.open_form(attach_modal(number, found.incidents), "alerts")


async def press_dismiss(call: Call, value: str) -> Message | None:
    """Open the form to say why."""
    return await call.open_form(dismiss_modal(_number(value), act.DISMISSALS), "alerts")


async def _attach(call: Submission) -> None:
    values = values_of_attach(call.view)
    await call.ctx.visible_incident(values.incident, call.interaction)
    await act.attach_to_incident(call.context, values.group, values.incident, call.user, call.delivery)


async def _dismiss(call: Submission) -> None:
    values = values_of_dismiss(call.view, act.DISMISSALS)
    await act.dismiss(call.context, values.group, values.why, values.note, call.user, call.delivery)


def _number(value: str) -> int:
    """The number in `AG-7`. Raises `NotFound`."""
    number = value.removeprefix("AG-")
    if not number.isdecimal() or int(number) > LARGEST_NUMBER:
        raise NotFound(f"There is no group of alerts {value[:20]}.", "alerts")
    return int(number)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"alerts": _alerts}
SUBMISSIONS: dict[str, SubmissionHandler] = {ATTACH: _attach, DISMISS: _dismiss}

"""Handles `/incident alerts`, and the buttons and forms of the alert card."""

from __future__ import annotations

from bot.domain.alerts import silence
from bot.domain.errors import NotFound, Refused
from bot.slack.blocks import elements
from bot.slack.blocks.alerts import listing
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import refusal_at
from bot.slack.blocks.modals.alerts import (
    ATTACH,
    DISMISS,
    SILENCE,
    attach_modal,
    dismiss_modal,
    silence_modal,
    values_of_attach,
    values_of_dismiss,
    values_of_silence,
)
from bot.slack.blocks.modals.declare import FormOrigin, declare_modal
from bot.slack.listeners.calls import (
    Call,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    WorkspaceCall,
    WorkspaceHandler,
)
from bot.slack.listeners.context import LARGEST_NUMBER
from bot.usecases.alerts import act, propose
from bot.usecases.alerts.decide import category_of_group, description_of_group, severity_of_group
from bot.usecases.alerts.silence import add_silence
from bot.usecases.queries import alerts
from storage.alerts import groups, silences


async def _alerts(call: WorkspaceCall) -> Message:
    """The alerts of the incident whose channel this is; elsewhere all that fire."""
    policy, now = call.context.policy, call.context.clock.now()
    number = await call.ctx.incident_number_in(call.interaction.channel)
    async with call.context.database.reading() as conn:
        if number is None:
            views = await alerts.firing(conn, listing.MOST_LISTED)
            return listing.firing_now(views, await groups.totals(conn, None), policy, now)
        views = await alerts.of_incident(conn, number, listing.MOST_LISTED)
        totals = await groups.totals(conn, number)
    if not views:
        return listing.none_in(f"INC-{number}")
    return listing.answer_in_incident(views, totals, policy, now)


async def _silence(call: WorkspaceCall) -> Message | None:
    """Silence alerts by labels; without words open the form."""
    call.require("silence")
    if not call.request.text:
        return await call.open_form(silence_modal({}, call.interaction.channel), silence.EXAMPLE)
    return await _add_silence(call, call.request.text)


async def _add_silence(call: Call, text: str) -> Message:
    now = call.context.clock.now()
    stored = await add_silence(call.context, silence.parse(text, call.user, now), call.delivery)
    async with call.context.database.reading() as conn:
        in_force = await silences.in_force(conn, now)
    return listing.silenced(stored, in_force, now)


async def press_silence(call: Call, value: str) -> Message | None:
    """Open the form with the labels of the group."""
    call.require("silence")
    async with call.context.database.reading() as conn:
        group = await groups.get(conn, _number(value))
    labels = dict(group.labels) if group is not None else {}
    return await call.open_form(silence_modal(labels, call.interaction.channel), silence.EXAMPLE)


async def _submit_silence(call: Submission) -> None:
    values = values_of_silence(call.view)
    with refusal_at("labels"):
        message = await _add_silence(call, values.text)
    await call.reply_later(message, channel=values.channel)


async def press_declare(call: Call, value: str) -> Message | None:
    """Open the form to declare an incident, with what the group says filled in."""
    call.require("declare")
    group = await act.require_undecided(call.context, _number(value))
    policy = call.context.policy
    view = declare_modal(
        policy,
        title=group.title,
        severity=severity_of_group(group, policy),
        description=description_of_group(group),
        origin=FormOrigin(
            call.interaction.channel,
            group=group.number,
            category=category_of_group(group, policy),
            services=tuple(key for key in group.services if key in policy.services),
        ),
    )
    return await call.open_form(view, f"declare {severity_of_group(group, policy)} {group.title}")


async def _press_keep_open(call: Press) -> Message | None:
    """Keep the incident open although its alerts have resolved. The question itself shows it."""
    await propose.keep_open(call.context, call.number, int(call.argument), call.user, call.delivery)
    return None


async def press_attach(call: Call, value: str) -> Message | None:
    """Open the form to choose an incident."""
    act.require_attach(call.context, call.user)
    number = (await act.require_undecided(call.context, _number(value))).number
    open_incidents = await call.ctx.open_incidents(call.user, elements.OPTIONS)
    if not open_incidents.incidents:
        raise Refused("No incident is open to attach it to. Declare one.", "declare")
    return await call.open_form(attach_modal(number, open_incidents.incidents), "alerts")


async def press_dismiss(call: Call, value: str) -> Message | None:
    """Open the form to say why."""
    call.require("cancel")
    number = (await act.require_undecided(call.context, _number(value))).number
    return await call.open_form(dismiss_modal(number, act.DISMISSALS), "alerts")


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


PRESSES: dict[str, PressHandler] = {"keep_open": _press_keep_open}
WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"alerts": _alerts, "silence": _silence}
SUBMISSIONS: dict[str, SubmissionHandler] = {ATTACH: _attach, DISMISS: _dismiss, SILENCE: _submit_silence}

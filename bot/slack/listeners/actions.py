"""Listens for button presses: finds the handler by the action's ID, runs it, and answers Slack."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.slack.blocks import inputs, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals import declare
from bot.slack.blocks.press_value import tag_in
from bot.slack.commands.request import DeclareRequest
from bot.slack.listeners import access
from bot.slack.listeners.calls import Call, Press
from bot.slack.listeners.commands import run_command
from bot.slack.listeners.context import REQUEST_AGAIN, Interaction, ListenerContext, refuse_earlier
from bot.slack.listeners.handlers import ANSWERS_TO_PAGES, IGNORED_PRESSES, PRESSES, VIEW_PRESSES
from bot.slack.listeners.handlers.alerts import press_attach, press_declare, press_dismiss, press_silence
from bot.slack.listeners.handlers.declare import declare_or_open_form, update_suggestion
from bot.slack.listeners.handlers.messages import open_add_to_timeline, open_declare_from_message, source_in
from bot.slack.listeners.handlers.on_call import open_cover_form, take_long_cover
from bot.slack.listeners.handlers.playbooks import overtaken_answer
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_action(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Handle a press: commit, then acknowledge. An answer to the person follows through the outbox."""
    started = time.perf_counter()
    interaction = interaction_of(body)
    if (body.get("view") or {}).get("callback_id") == declare.CALLBACK:
        await update_suggestion(ctx, body["view"])
        await ack()
        return
    view = body.get("view") or {}
    for action in body.get("actions") or ():
        message = await _run_press(ctx, interaction, action, view)
        if message is not None:
            await _reply(ctx, interaction, message)
    await ack()
    ctx.metrics.acknowledgements.labels("press").observe(time.perf_counter() - started)


def interaction_of(body: dict[str, Any]) -> Interaction:
    """Read who pressed what, and where, from the payload of a press or shortcut."""
    trigger = body.get("trigger_id")
    return Interaction(
        user=str((body.get("user") or {}).get("id", "")),
        channel=(body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id"),
        trigger_id=trigger,
        response_url=body.get("response_url"),
        delivery=f"a:{trigger}" if trigger else None,
    )


async def _reply(ctx: ListenerContext, interaction: Interaction, message: Message) -> None:
    try:
        await ctx.reply_later(interaction, message)
    except StorageError as error:
        log.error("press.not_answered", error=str(error))
        if replies.NOT_RECORDED in message.text:
            raise  # neither recorded nor answered: Slack has to show that it failed


async def _run_press(
    ctx: ListenerContext, interaction: Interaction, action: dict[str, Any], view: dict[str, Any]
) -> Message | None:
    """Run one press and return the answer, also for errors; None if there is nothing to say."""
    option = action.get("selected_option") or {}  # of an overflow menu
    name, value = str(action.get("action_id", "")), str(action.get("value") or option.get("value") or "")
    try:
        if press := VIEW_PRESSES.get(str(view.get("callback_id")), {}).get(name):
            await access.identify(ctx, interaction, access.FORMS[str(view["callback_id"])])
            if (number := inputs.known_incident(view)) is not None:  # the form's own data is not trusted
                incident, _ = await ctx.visible_incident(number, interaction)
                refuse_earlier(incident, inputs.tag_of(view))
            await press(ctx, interaction, view, value)
            return None
        tag = tag_in(str(action.get("block_id") or ""))
        return await _dispatch(ctx, replace(interaction, again=(name, value)), name, value, tag)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("press").inc()
        return None
    except Refused as refused:
        answer = overtaken_answer(refused, interaction.user)
        if answer is not None:
            return answer
        number = await _incident_elsewhere(ctx, interaction, value)
        return await ctx.refusal(refused, interaction.user, number)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        log.warning("press.malformed", action=name[:80], error=type(error).__name__)
        return replies.other_version_reply("button", ctx.command)
    except StorageError as error:
        ctx.metrics.not_recorded.labels("press").inc()
        log.error("press.not_recorded", error=str(error), action=name[:80])
        return replies.storage_error_reply()


async def _dispatch(
    ctx: ListenerContext, interaction: Interaction, name: str, value: str, tag: str | None
) -> Message | None:
    """Call the handler of the action `name`. `value` and `tag` are what `press_value` made."""
    if name in access.PRESSES:
        await access.identify(ctx, interaction, access.PRESSES[name])
    if name in WORKSPACE_PRESSES:
        return await WORKSPACE_PRESSES[name](ctx, interaction, value)
    if name in IGNORED_PRESSES:
        return None
    number, _, argument = value.removeprefix("INC-").partition(":")
    if name not in PRESSES or not number.isdecimal():
        log.info("press.unknown", action=name[:80])
        return replies.other_version_reply("button", ctx.command)
    incident, policy = await ctx.visible_incident(int(number), interaction, paged=name in ANSWERS_TO_PAGES)
    refuse_earlier(incident, tag)
    return await PRESSES[name](Press(ctx, interaction, incident, policy, argument))


async def _run_again(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    """Run a typed command, for the incident that the person chose or to open its form."""
    return await run_command(ctx, replace(interaction, raw=value))


async def _declare(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await declare_or_open_form(Call(ctx, interaction), DeclareRequest())


async def _cover(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await open_cover_form(Call(ctx, interaction), value)


async def _cover_anyway(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await take_long_cover(Call(ctx, interaction), value)


async def _declare_from_message(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await open_declare_from_message(ctx, interaction, source_in(value))


async def _add_to_timeline(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await open_add_to_timeline(ctx, interaction, source_in(value))


async def _alert_declare(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await press_declare(Call(ctx, interaction), value)


async def _alert_attach(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await press_attach(Call(ctx, interaction), value)


async def _alert_dismiss(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await press_dismiss(Call(ctx, interaction), value)


async def _alert_silence(ctx: ListenerContext, interaction: Interaction, value: str) -> Message | None:
    return await press_silence(Call(ctx, interaction), value)


# Presses that are about no incident, or do not know yet about which.
WORKSPACE_PRESSES: dict[str, Callable[[ListenerContext, Interaction, str], Awaitable[Message | None]]] = {
    REQUEST_AGAIN: _run_again,
    "menu_declare": _declare,
    "cover": _cover,
    "cover_anyway": _cover_anyway,
    "declare_from_message": _declare_from_message,
    "add_to_timeline": _add_to_timeline,
    "alert_declare": _alert_declare,
    "alert_attach": _alert_attach,
    "alert_dismiss": _alert_dismiss,
    "alert_silence": _alert_silence,
}


async def _incident_elsewhere(ctx: ListenerContext, interaction: Interaction, value: str) -> int | None:
    """The incident that a press was about, unless it happened in that incident's own channel."""
    number = value.removeprefix("INC-").partition(":")[0]
    if not number.isdecimal():  # about no incident, such as Declare
        return None
    return None if await ctx.incident_number_in(interaction.channel) == int(number) else int(number)

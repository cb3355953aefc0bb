"""Listens for slash commands: parses the text, finds the incident, runs the verb, and answers privately.

A verb is a word after `/incident`, such as `ack`. `run_command` also serves verbs in mentions of the bot and in direct
messages to it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import NotFound, Refused
from bot.slack.blocks import menu, replies
from bot.slack.blocks.elements import Message
from bot.slack.commands.flags import MISSING_ID
from bot.slack.commands.parse import parse
from bot.slack.commands.request import MENU, BadRequest, DeclareRequest, Request
from bot.slack.commands.verbs import BY_NAME
from bot.slack.listeners import access, people
from bot.slack.listeners.calls import Call, VerbCall, WorkspaceCall
from bot.slack.listeners.context import Interaction, ListenerContext, command_again
from bot.slack.listeners.handlers import VERBS, WORKSPACE_VERBS
from bot.slack.listeners.handlers.declare import declare_or_open_form
from bot.slack.text import as_typed
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

ABOUT_ENDED = frozenset({"review", "reopen"})  # verbs that ask, outside a channel, which ended incident is meant

log = structlog.get_logger()


async def on_command(ctx: ListenerContext, ack: AsyncAck, command: dict[str, Any]) -> None:
    """Answer a slash command, after its changes are committed."""
    started = time.perf_counter()
    interaction = Interaction(
        user=str(command.get("user_id", "")),
        channel=command.get("channel_id"),
        trigger_id=command.get("trigger_id"),
        response_url=command.get("response_url"),
        delivery=f"c:{command['trigger_id']}" if command.get("trigger_id") else None,
        raw=str(command.get("text") or ""),
        again=command_again(str(command.get("text") or "")),
    )
    message = await run_command(ctx, interaction)
    if message is not None and message.plain_blocks is not None:
        await ctx.reply_later(interaction, message)  # Slack does not tell whether it takes the blocks of an answer here
        message = None
    if message is None:
        await ack()
    else:
        await ack(response_type="ephemeral", text=message.text, blocks=message.blocks)
    ctx.metrics.acknowledgements.labels("command").observe(time.perf_counter() - started)


async def run_command(ctx: ListenerContext, interaction: Interaction) -> Message | None:
    """Run the typed text and return the answer, also for errors.

    None means that a form opened, or that Slack delivered the same command twice.
    """
    try:
        return await _run(ctx, interaction)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("command").inc()
        return None
    except Refused as refused:
        return await ctx.refusal(refused, interaction.user)
    except StorageError as error:
        ctx.metrics.not_recorded.labels("command").inc()
        log.error("command.not_recorded", error=str(error), user=interaction.user)
        return replies.storage_error_reply(f"{ctx.command} {as_typed(interaction.raw)}")


async def _run(ctx: ListenerContext, interaction: Interaction) -> Message | None:
    parsed = parse(interaction.raw, ctx.context.policy, command=ctx.command, asker=interaction.user)
    match parsed:
        case BadRequest():
            return replies.parse_error_reply(parsed)
        case DeclareRequest():
            return await declare_or_open_form(Call(ctx, interaction), parsed)
        case Request():
            try:
                parsed = await _with_number(ctx, interaction, parsed)
                return await _run_verb(ctx, interaction, parsed)
            except Refused as refused:
                return await ctx.refusal(refused, interaction.user, parsed.incident)


async def _with_number(ctx: ListenerContext, interaction: Interaction, request: Request) -> Request:
    """The request with the number of the incident whose channel `--in` named. Raises `NotFound`."""
    if request.in_channel is None:
        return request
    number = await ctx.incident_number_in(request.in_channel)
    try:
        if number is not None:
            await ctx.visible_incident(number, interaction)
            return replace(request, incident=number)
    except NotFound:
        pass  # the answer must not tell which incident the channel belongs to
    raise NotFound(f"That channel is not an incident's. {MISSING_ID}", "list all")


async def _run_verb(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message | None:
    await access.identify(ctx, interaction, access.VERBS[request.verb])
    if request.verb != MENU and not BY_NAME[request.verb].needs_incident:
        return await WORKSPACE_VERBS[request.verb](WorkspaceCall(ctx, interaction, request))
    number = request.incident or await ctx.incident_number_in(interaction.channel)
    if request.verb == MENU and number is None:
        return await declare_or_open_form(Call(ctx, interaction), DeclareRequest())
    if number is None and request.verb in ABOUT_ENDED:
        ended = await ctx.ended_incidents(interaction.user)
        return menu.which_incident(ended, interaction.raw, ctx.command) if ended else menu.none_ended(ctx.command)
    if number is None:
        open_incidents = await ctx.open_incidents(interaction.user)
        if not open_incidents.incidents:
            return menu.none_open(ctx.command)
        return menu.which_incident(
            open_incidents.incidents, interaction.raw, ctx.command, total=open_incidents.total + open_incidents.drills
        )
    incident, policy = await ctx.visible_incident(number, interaction)
    if request.users or request.names:
        resolved = await people.with_people(ctx, request)
        if isinstance(resolved, BadRequest):
            return replies.parse_error_reply(resolved)
        request = resolved
    return await VERBS[request.verb](VerbCall(ctx, interaction, incident, policy, request))

"""`/incident …`: parse, find the incident meant, run the verb, answer in the acknowledgement."""

from __future__ import annotations

import time
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.commands.arguments import Request
from bot.slack.commands.parse import MENU, BadRequest, DeclareRequest, parse
from bot.slack.commands.verbs import BY_NAME
from bot.slack.listeners import verbs
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_command(ctx: ListenerContext, ack: AsyncAck, command: dict[str, Any]) -> None:
    """Nothing is acknowledged before it is committed; what cannot be committed is said not to be recorded."""
    started = time.perf_counter()
    interaction = Interaction(
        user=str(command.get("user_id", "")),
        channel=command.get("channel_id"),
        trigger_id=command.get("trigger_id"),
        response_url=command.get("response_url"),
        delivery=f"c:{command['trigger_id']}" if command.get("trigger_id") else None,
        raw=str(command.get("text") or ""),
    )
    message = await answered(ctx, interaction)
    if message is None:
        await ack()
    else:
        await ack(response_type="ephemeral", text=message.text, blocks=message.blocks)
    ctx.metrics.acknowledgements.labels("command").observe(time.perf_counter() - started)


async def answered(ctx: ListenerContext, interaction: Interaction) -> Message | None:
    """The answer to a request, whatever comes of it; None where a modal opened or Slack said the same thing twice."""
    try:
        return await _run(ctx, interaction)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("command").inc()
        return None
    except Refused as refused:
        return ctx.refusal(refused)
    except StorageError as error:
        log.error("command.not_recorded", error=str(error), user=interaction.user)
        return replies.not_recorded()


async def _run(ctx: ListenerContext, interaction: Interaction) -> Message | None:
    parsed = parse(interaction.raw, ctx.context.policy, command=ctx.command, asker=interaction.user)
    match parsed:
        case BadRequest():
            return replies.bad_request(parsed)
        case DeclareRequest():
            return await verbs.declare(ctx, interaction, parsed)
        case Request():
            try:
                return await _run_verb(ctx, interaction, parsed)
            except Refused as refused:
                return ctx.refusal(refused, parsed.incident)


async def _run_verb(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message | None:
    if request.verb != MENU and not BY_NAME[request.verb].needs_incident:
        return await verbs.WITHOUT_INCIDENT[request.verb](ctx, interaction, request)
    number = request.incident or await ctx.incident_number_in(interaction.channel)
    if request.verb == MENU and number is None:
        return await verbs.declare(ctx, interaction, DeclareRequest())
    if number is None:
        running = await ctx.open_incidents(interaction.user)
        if not running:
            return replies.none_open(ctx.command)
        return replies.which_incident(running, interaction.raw, ctx.command)
    incident, policy = await ctx.visible_incident(number, interaction)
    return await verbs.WITH_INCIDENT[request.verb](ctx, interaction, request, incident, policy)

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
from bot.slack.commands.parse import MENU, BadRequest, Declaration, parse
from bot.slack.commands.verbs import BY_NAME
from bot.slack.listeners import verbs
from bot.slack.listeners.context import Asking, Front
from bot.usecases.context import Repeated
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_command(front: Front, ack: AsyncAck, command: dict[str, Any]) -> None:
    """Nothing is acknowledged before it is committed; what cannot be committed is said not to be recorded."""
    started = time.perf_counter()
    asking = Asking(
        user=str(command.get("user_id", "")),
        channel=command.get("channel_id"),
        trigger_id=command.get("trigger_id"),
        response_url=command.get("response_url"),
        delivery=f"c:{command['trigger_id']}" if command.get("trigger_id") else None,
        raw=str(command.get("text") or ""),
    )
    message = await answered(front, asking)
    if message is None:
        await ack()
    else:
        await ack(response_type="ephemeral", text=message.text, blocks=message.blocks)
    front.metrics.acknowledgements.labels("command").observe(time.perf_counter() - started)


async def answered(front: Front, asking: Asking) -> Message | None:
    """The answer to a request, whatever comes of it; None where a modal opened or Slack said the same thing twice."""
    try:
        return await _run(front, asking)
    except Repeated:
        front.metrics.repeated.labels("command").inc()
        return None
    except Refused as refused:
        return front.refused(refused)
    except StorageError as error:
        log.error("command.not_recorded", error=str(error), user=asking.user)
        return replies.not_recorded()


async def _run(front: Front, asking: Asking) -> Message | None:
    parsed = parse(asking.raw, front.desk.policy, command=front.command, asker=asking.user)
    match parsed:
        case BadRequest():
            return replies.bad_request(parsed)
        case Declaration():
            return await verbs.declare(front, asking, parsed)
        case Request():
            try:
                return await _run_verb(front, asking, parsed)
            except Refused as refused:
                return front.refused(refused, parsed.incident)


async def _run_verb(front: Front, asking: Asking, request: Request) -> Message | None:
    if request.verb != MENU and not BY_NAME[request.verb].needs_incident:
        return await verbs.WITHOUT_INCIDENT[request.verb](front, asking, request)
    number = request.incident or await front.number_in(asking.channel)
    if request.verb == MENU and number is None:
        return await verbs.declare(front, asking, Declaration())
    if number is None:
        running = await front.open_incidents(asking.user)
        if not running:
            return replies.none_open(front.command)
        return replies.which_incident(running, asking.raw, front.command)
    incident, policy = await front.incident(number, asking)
    return await verbs.WITH_INCIDENT[request.verb](front, asking, request, incident, policy)

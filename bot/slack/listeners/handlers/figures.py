"""Handles `/incident metrics`: the figures of a period, private incidents counted without being named."""

from __future__ import annotations

import asyncio
from datetime import datetime, tzinfo

from bot.domain.figures.load import led_by, load_of_person
from bot.domain.figures.period import of_days
from bot.domain.figures.report import Period, Scope
from bot.slack.blocks import figures as blocks
from bot.slack.blocks.elements import Message
from bot.slack.commands.grammar.metrics import LOAD
from bot.slack.commands.request import Request
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.listeners.calls import WorkspaceCall, WorkspaceHandler
from bot.usecases.queries.figures import period_figures
from storage.figures import people_paged

MOST_LED = 50


async def _metrics(call: WorkspaceCall) -> Message:
    now, policy = call.context.clock.now(), call.context.policy
    period = _period(call.request, now, policy.zone)
    if call.request.scope == LOAD:
        return await _load(call, period)
    scope = Scope(period, call.request.selection, call.request.scope)
    return blocks.figures(await period_figures(call.context.database, policy, scope, now), policy)


async def _load(call: WorkspaceCall, period: Period) -> Message:
    """The load of the asker and of the people whom they lead by the policy; nobody else's."""
    people = [call.user, *led_by(call.user, call.context.policy)[:MOST_LED]]
    zones = await asyncio.gather(*(time_zone_of(call.ctx.api, person) for person in people))
    async with call.context.database.snapshot() as conn:
        pages = await people_paged(conn, period.start, period.end)
    loads = [
        load_of_person(pages, person, zone or call.context.policy.zone)
        for person, zone in zip(people, zones, strict=True)
    ]
    return blocks.load(loads, period)


def _period(request: Request, now: datetime, zone: tzinfo) -> Period:
    """The requested period; its last day counts as far as it has passed."""
    if request.days is None:
        return Period(now - request.required_span, now)
    return of_days(*request.days, now, zone)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"metrics": _metrics}

"""Handles a lapsed deadline: a drill of a Slack outage ends, and withheld messages are sent."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change
from bot.domain.outcome import Outcome, skip
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.outage_span import rehearsed_span
from bot.usecases.unit_of_work import UnitOfWork
from storage.engine.dialect import wall_now
from storage.outbox import delayed

OVER = "the drill's outage is over: what was withheld goes to Slack"


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Let the outbox send waiting notices, and gather the rest into one digest, as after an outage."""
    incident = work.incident
    if incident.rehearsal is None:
        return skip(Change(incident), deadline.dedup_key, "it is no drill of an outage")
    over = replace(incident.rehearsal, until=work.now, over_wall=await wall_now(work.conn))
    await delayed.wake(work.conn, incident.number)
    record = entry(work.now, "drill", BOT, OVER)
    outcome = skip(Change(replace(incident, rehearsal=over), (record,)), deadline.dedup_key, OVER)
    span = rehearsed_span(over.since, over.until, over.over_wall)
    return replace(outcome, notices=(routing.gathering(incident.number, span),) if span else ())

"""Compares the messages about a past incident with those that another policy would have sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.domain.paging import calls
from bot.domain.paging.context import PagingContext, paging_context
from bot.domain.policy.policy import Policy
from bot.domain.replay.sending import Sending, sending_of, silent_minutes
from bot.domain.replay.simulation import simulate
from bot.domain.timeline.entry import BOT, Entry, is_from_person
from bot.usecases.effects.on_call import current_directory
from storage import overrides
from storage.outbox import nudged
from storage.timeline import entries as timeline


@dataclass(frozen=True, slots=True)
class Replay:
    """The messages that were sent about an incident, and those that another policy would have sent."""

    incident: Incident
    sent: tuple[Sending, ...]
    would_send: tuple[Sending, ...]
    silent: tuple[float, float]  # minutes, as it was and as it would be


async def replay(
    conn: AsyncConnection, incident: Incident, before: Policy, policy: Policy, methods: Collection[str], now: datetime
) -> Replay:
    """Simulate an incident under `policy`; `before` is the one that it had. Nothing is written.

    Every method that the policy names counts as set up, since the question is about the policy.
    """
    records = await timeline.read(conn, incident.number)
    entries = [record.entry for record in records if not record.purged]
    directory = await current_directory(conn, policy)
    covers = await overrides.in_force(conn, incident.declared_at)
    all_methods = frozenset(methods) | calls.methods_in_policy(policy)

    def context_at(at: datetime) -> PagingContext:
        return paging_context(policy, covers, directory, all_methods, at)

    actual_sendings = await _sendings(conn, incident, entries)
    simulated_sendings = tuple(simulate(incident, entries, policy, context_at, now))
    end = now if incident.open else (incident.closed_at or incident.resolved_at or now)
    acts = [entry.at for entry in entries if is_from_person(entry) or (entry.key and entry.actor != BOT)]
    marks = [incident.declared_at, *(at for at in acts if at <= end), end]
    silent = (
        _silence(marks, actual_sendings, before, incident),
        _silence(marks, simulated_sendings, policy, incident),
    )
    return Replay(incident, actual_sendings, simulated_sendings, silent)


async def _sendings(conn: AsyncConnection, incident: Incident, entries: Sequence[Entry]) -> tuple[Sending, ...]:
    mentioned = await nudged.mentions(conn, incident.number)
    sendings = []
    for entry in entries:
        if (sending := sending_of(entry)) is not None:
            to = mentioned.get(str(entry.data.get("deadline")), sending.to)
            sendings.append(replace(sending, to=tuple(to)))
    return tuple(sorted(sendings, key=lambda item: item.at))


def _silence(marks: Sequence[datetime], sendings: Sequence[Sending], policy: Policy, incident: Incident) -> float:
    levels_by_key = {level.key: level for level in policy.severities}
    level = levels_by_key.get(incident.severity) or policy.severities[0]
    cadence = level.update_every
    if cadence is not None and not isinstance(cadence, timedelta):
        cadence = timedelta(days=cadence.days)  # business days, as if each were one
    return silent_minutes([*marks, *(sending.at for sending in sendings)], cadence)

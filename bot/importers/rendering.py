"""Asks a source who is on call by each of its schedules, in spans that its API allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.importers.account import Account
from bot.importers.proof import Duty
from bot.importers.reader import all_of

_CHUNK = timedelta(days=30)  # of one request; PagerDuty renders three months at most
DutiesOf = Callable[[str, datetime, datetime], Awaitable[list[Duty]]]  # of one schedule, by its ID, in one span


async def render_schedules(
    account: Account, start: datetime, end: datetime, duties_of: DutiesOf
) -> dict[str, Sequence[Duty]]:
    """The duties of each active schedule, by its ID. Schedules are read concurrently."""
    identities = [schedule.origin.id for schedule in account.schedules if not schedule.lost]
    duties = await all_of(_in_chunks(identity, start, end, duties_of) for identity in identities)
    return dict(zip(identities, duties, strict=True))


async def _in_chunks(schedule: str, start: datetime, end: datetime, duties_of: DutiesOf) -> list[Duty]:
    duties: list[Duty] = []
    at = start
    while at < end:
        until = min(at + _CHUNK, end)
        chunk = await duties_of(schedule, at, until)
        duties += [duty for duty in chunk if duty.starts_at < until and duty.ends_at > at]
        at = until
    return duties

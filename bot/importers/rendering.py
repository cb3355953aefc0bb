"""Asks a source who is on call on each of its schedules, in spans of time that its API answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.importers.account import Account
from bot.importers.proof import Duty
from bot.importers.reader import all_of

_CHUNK = timedelta(days=30)  # of one request; PagerDuty renders three months at most
DutiesOf = Callable[[str, datetime, datetime], Awaitable[list[Duty]]]  # of one schedule, by its ID, in one span


async def rendered(account: Account, start: datetime, end: datetime, duties_of: DutiesOf) -> dict[str, Sequence[Duty]]:
    """The duties of each schedule that is on, by its ID; those of several schedules are read beside each other."""
    identities = [schedule.origin.id for schedule in account.schedules if not schedule.lost]
    duties = await all_of(_in_chunks(identity, start, end, duties_of) for identity in identities)
    return dict(zip(identities, duties, strict=True))


async def _in_chunks(schedule: str, start: datetime, end: datetime, duties_of: DutiesOf) -> list[Duty]:
    duties: list[Duty] = []
    at = start
    while at < end:
        until = min(at + _CHUNK, end)
        found = await duties_of(schedule, at, until)
        duties += [duty for duty in found if duty.starts_at < until and duty.ends_at > at]
        at = until
    return duties

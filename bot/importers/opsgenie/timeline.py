"""Reads who is on call as Opsgenie itself renders it.

https://docs.opsgenie.com/docs/schedule-api#get-schedule-timeline: the final timeline has, for each rotation, periods
with a recipient. A period of the type `historical` is past, `override` comes of an override, `forwarding` of a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.importers.account import Account
from bot.importers.fields import instant_of, list_of, object_of
from bot.importers.opsgenie.convert import participant_of
from bot.importers.opsgenie.source import Opsgenie
from bot.importers.proof import Duty
from bot.importers.reader import Reader
from bot.importers.rendering import render_schedules


async def rendering(reader: Reader, account: Account, start: datetime, end: datetime) -> dict[str, Sequence[Duty]]:
    """The duties of each active schedule."""
    opsgenie = Opsgenie(reader, {})

    async def duties_of(schedule: str, since: datetime, until: datetime) -> list[Duty]:
        days = -(-(until - since) // timedelta(days=1))
        return _periods(await opsgenie.timeline(schedule, since.strftime("%Y-%m-%dT%H:%M:%SZ"), days))

    return await render_schedules(account, start, end, duties_of)


def _periods(raw: Mapping[str, Any]) -> list[Duty]:
    duties = []
    for rotation in list_of(object_of(raw, "finalTimeline"), "rotations"):
        for period in list_of(rotation, "periods"):
            start, end = instant_of(period, "startDate"), instant_of(period, "endDate")
            if start is not None and end is not None:
                recipient = object_of(period, "recipient")
                duties.append(Duty(participant_of(recipient), start, end))
    return duties

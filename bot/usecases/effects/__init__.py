"""Lists the effects: functions that run at every commit, whichever use case makes it, and add its consequences.

An effect takes an `IncidentSave` before it is saved and returns it, with the incident adjusted or notices added. It may
write tables of its own on the same connection. The order matters: later effects see the changes of earlier ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.usecases.effects import (
    followups,
    home_tab,
    incident_alerts,
    readmission,
    reviews,
    role_shifts,
    team_turns,
    triggers,
    webhooks,
)
from bot.usecases.effects.incident_save import IncidentSave

Effect = Callable[[AsyncConnection, IncidentSave, datetime], Awaitable[IncidentSave]]

EFFECTS: tuple[Effect, ...] = (
    triggers.stamp,
    role_shifts.track,
    readmission.readmit,
    reviews.open_at_end,
    followups.route,
    webhooks.tell,
    home_tab.refresh,
    incident_alerts.follow,
    team_turns.advance,
)

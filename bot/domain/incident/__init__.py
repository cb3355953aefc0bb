"""The incident and its verbs: pure functions that give back the changed incident and what to write down."""

from bot.domain.incident.lifecycle import TITLE_LENGTH, acknowledge, cancel, close, declare, join, move, reopen, resolve
from bot.domain.incident.roles import assign, clear_role, empty_roles
from bot.domain.incident.severity import change_severity
from bot.domain.incident.state import (
    Answer,
    Change,
    Handover,
    Incident,
    Ladder,
    PagedRung,
    RoleShift,
    RunSummary,
    Snooze,
    Timer,
    TriggerState,
    VendorAlert,
    require_open,
)
from bot.domain.incident.updates import note, promise, snooze, update, update_owed_by

__all__ = [
    "TITLE_LENGTH",
    "Answer",
    "Change",
    "Handover",
    "Incident",
    "Ladder",
    "PagedRung",
    "RoleShift",
    "RunSummary",
    "Snooze",
    "Timer",
    "TriggerState",
    "VendorAlert",
    "acknowledge",
    "assign",
    "cancel",
    "change_severity",
    "clear_role",
    "close",
    "declare",
    "empty_roles",
    "join",
    "move",
    "note",
    "promise",
    "reopen",
    "require_open",
    "resolve",
    "snooze",
    "update",
    "update_owed_by",
]

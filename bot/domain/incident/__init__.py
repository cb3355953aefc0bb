"""The incident and its verbs: pure functions that give back the changed incident and what to write down."""

from bot.domain.incident.lifecycle import TITLE_LENGTH, acknowledge, cancel, close, declare, join, move, reopen, resolve
from bot.domain.incident.roles import assign, clear_role, empty_roles
from bot.domain.incident.severity import change_severity
from bot.domain.incident.state import (
    Alert,
    Answer,
    Change,
    Handover,
    Incident,
    Ladder,
    Page,
    RoleShift,
    RunSummary,
    Snooze,
    Timer,
    TriggerState,
    must_be_open,
)
from bot.domain.incident.updates import note, promise, snooze, update, update_owed_by

__all__ = [
    "TITLE_LENGTH",
    "Alert",
    "Answer",
    "Change",
    "Handover",
    "Incident",
    "Ladder",
    "Page",
    "RoleShift",
    "RunSummary",
    "Snooze",
    "Timer",
    "TriggerState",
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
    "must_be_open",
    "note",
    "promise",
    "reopen",
    "resolve",
    "snooze",
    "update",
    "update_owed_by",
]

"""Defines the incident and what people do to it, as pure functions.

Each returns a `Change`: the changed incident and its new timeline entries. A use case commits it.
"""

from bot.domain.incident.acknowledgement import acknowledge
from bot.domain.incident.audience_message import AudienceMessage
from bot.domain.incident.declaration import TITLE_LENGTH, NewIncident, declare
from bot.domain.incident.lifecycle import cancel, close, move, reopen, resolve
from bot.domain.incident.roles import assign, clear_role, empty_roles
from bot.domain.incident.severity import change_severity
from bot.domain.incident.state import (
    Answer,
    Change,
    ChannelLoss,
    Handover,
    Incident,
    Ladder,
    PagedRung,
    Review,
    ReviewState,
    RoleGrant,
    RoleShift,
    RunSummary,
    ShiftState,
    Snooze,
    Timer,
    TriggerState,
    VendorAlert,
    require_ended,
    require_open,
)
from bot.domain.incident.updates import (
    StatusUpdate,
    end_snooze,
    note,
    post_update,
    promise,
    snooze,
    update,
    update_owed_by,
)

__all__ = [
    "TITLE_LENGTH",
    "Answer",
    "AudienceMessage",
    "Change",
    "ChannelLoss",
    "Handover",
    "Incident",
    "Ladder",
    "NewIncident",
    "PagedRung",
    "Review",
    "ReviewState",
    "RoleGrant",
    "RoleShift",
    "RunSummary",
    "ShiftState",
    "Snooze",
    "StatusUpdate",
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
    "end_snooze",
    "move",
    "note",
    "post_update",
    "promise",
    "reopen",
    "require_ended",
    "require_open",
    "resolve",
    "snooze",
    "update",
    "update_owed_by",
]

"""Lists what each verb, button, form and shortcut lets a person do, which decides who may use it.

`docs/security.md` shows the same table. The use cases ask the policy whether a person may; before them, `identify` asks
Slack who the person is, where that matters. Acknowledging, reading and writing never wait for Slack.
"""

from __future__ import annotations

from enum import Enum

from bot.domain.access.identity import Membership
from bot.domain.errors import Refused
from bot.slack.commands.request import MENU
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.listeners.handlers.playbook_runs import MAX_CRITERIA


class Access(Enum):
    """The permission that a verb, button, form or shortcut needs."""

    READ = "read"
    WRITE = "write"  # notes, updates, facts, what was done in a playbook
    DECLARE = "declare"
    ACKNOWLEDGE = "acknowledge"  # and join, and answer what one was asked
    STEER = "steer"  # severity, snoozes, the policy, drills
    ASSIGN = "assign"  # roles
    PAGE = "page"  # and invite
    COVER = "cover"
    END = "end"  # and reopen
    RUN = "run"  # and fill in values, and settle what may have run
    APPROVE = "approve"  # and break the glass


# Open to guests and people of other organisations as well; Slack is not asked who they are.
OPEN = frozenset({Access.READ, Access.WRITE, Access.DECLARE, Access.ACKNOWLEDGE})

VERBS: dict[str, Access] = {
    **dict.fromkeys(
        (
            MENU,
            "roles",
            "timeline",
            "catchup",
            "why",
            "show",
            "list",
            "search",
            "oncall",
            "alerts",
            "actions",
            "metrics",
            "help",
        ),
        Access.READ,
    ),
    **dict.fromkeys(
        ("note", "impact", "fields", "next", "playbook", "redact", "action", "relate", "tag"), Access.WRITE
    ),
    "declare": Access.DECLARE,
    **dict.fromkeys(("ack", "join"), Access.ACKNOWLEDGE),
    **dict.fromkeys(
        ("severity", "snooze", "policy", "drill", "silence", "comms", "review", "maintenance", "times", "subscribe"),
        Access.STEER,
    ),
    **dict.fromkeys(("role", "lead", "handover"), Access.ASSIGN),
    **dict.fromkeys(("escalate", "page", "trigger", "invite"), Access.PAGE),
    "cover": Access.COVER,
    # An update and a status may end the incident.
    **dict.fromkeys(("update", "status", "resolve", "close", "cancel", "reopen", "merge"), Access.END),
}
PRESSES: dict[str, Access] = {
    **dict.fromkeys(
        ("show", "why", "catchup", "timeline", "playbooks", "walk_steps", "walk_why"), Access.READ
    ),
    **dict.fromkeys(
        (
            "impact", "note", "add_to_timeline", "retry", "playbook_open", "walk_done", "walk_skip", "walk_assign",
            "walk_ask", "walk_refuse", "walk_helped", "walk_not_helped", "keep_open",
            "next_anyway", "next_sooner",
        ),
        Access.WRITE,
    ),
    **dict.fromkeys(("menu_declare", "declare_from_message", "alert_declare"), Access.DECLARE),
    **dict.fromkeys(
        (
            "ack", "on_it", "cant", "join", "handover_accept", "handover_decline", "shift_stay",
        ),
        Access.ACKNOWLEDGE,
    ),
    **dict.fromkeys(
        (
            "severity", "snooze_15m", "snooze_1h", "snooze_off", "snooze_anyway", "snooze_shorter", "policy_apply",
            "alert_silence", "alert_attach", "comms", "comms_correct", "comms_review", "page_correct",
        ),
        Access.STEER,
    ),
    **dict.fromkeys(("roles", "lead", "handover", "shift_hand"), Access.ASSIGN),
    **dict.fromkeys(("escalate", "escalate_rung"), Access.PAGE),
    **{f"walk_escalate_{number}": Access.PAGE for number in range(MAX_CRITERIA)},
    **dict.fromkeys(("cover", "cover_anyway"), Access.COVER),
    **dict.fromkeys(("update", "resolve", "close", "close_anyway", "cancel", "reopen", "alert_dismiss"), Access.END),
    **dict.fromkeys(
        (
            "walk_run", "walk_rollback", "walk_fill", "walk_stop", "walk_more", "job_ran", "job_not", "job_again",
        ),
        Access.RUN,
    ),
    **dict.fromkeys(("walk_approve", "walk_glass"), Access.APPROVE),
    # Afterwards
    "review_read": Access.READ,
    "review_history": Access.READ,
    "review_answer": Access.ACKNOWLEDGE,
    **dict.fromkeys((
            "review", "review_edit", "review_complete", "review_publish", "review_ask", "review_schedule",
            "review_canvas", "times",
        ),
        Access.STEER,
    ),
    "action_choose": Access.READ,
    **dict.fromkeys(
        ("action_new", "action_done", "action_later", "action_not_doing", "action_reopen", "action_edit"), Access.WRITE
    ),
}  # fmt: skip
FORMS: dict[str, Access] = {
    "declare": Access.DECLARE,
    **dict.fromkeys(
        (
            "note", "add_to_timeline", "impact", "fields", "redact", "walk_note", "walk_skip", "walk_assign",
            "walk_refuse", "walk_rollback",
        ),
        Access.WRITE,
    ),
    **dict.fromkeys(
        (
            "severity", "alert_silence", "alert_attach", "comms", "comms_review", "comms_all", "status_page",
            "correct_page",
            "maintenance",
        ),
        Access.STEER,
    ),
    **dict.fromkeys(("roles", "handover"), Access.ASSIGN),
    "cover": Access.COVER,
    **dict.fromkeys(("update", "resolve", "reopen", "cancel", "alert_dismiss", "merge"), Access.END),
    **dict.fromkeys(("walk_stop", "walk_fill", "job_run"), Access.RUN),
    "walk_glass": Access.APPROVE,
    # Afterwards
    "review_answer": Access.ACKNOWLEDGE,
    **dict.fromkeys(("review_edit", "review_schedule", "times"), Access.STEER),
    **dict.fromkeys(
        ("action_create", "action_edit", "action_later", "action_not_doing", "relate", "tag"), Access.WRITE
    ),
}  # fmt: skip
SHORTCUTS: dict[str, Access] = {
    **dict.fromkeys(("declare", "declare_from_message"), Access.DECLARE),
    **dict.fromkeys(("add_to_timeline", "redact", "create_action"), Access.WRITE),
}


async def identify(ctx: ListenerContext, interaction: Interaction, access: Access) -> None:
    """Ask Slack who the person is, for the use cases to decide whether they may. Raises `Refused` for bots.

    Slack is asked only for what is not open to everybody, and not again for some minutes.
    """
    identities, user = ctx.identities, interaction.user
    identity = identities.known(user) if access in OPEN else await identities.get(user)
    if identity.membership is Membership.BOT:
        raise Refused("I take no commands from bots.")

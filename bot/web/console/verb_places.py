"""Says where the console does what each verb of Slack does: the page, and the form on it.

Everything that `/incident` can do can be done in the console. `docs/reference/console.md` is made from this table. A
test compares it with the verbs, and looks for each form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

INCIDENT, REVIEW, PLAYBOOK = "/incidents/{id}", "/incidents/{id}/review", "/incidents/{id}/playbooks"


@dataclass(frozen=True, slots=True)
class Place:
    """The place in the console for one usage of a verb."""

    page: str  # a path of the routing table
    form: str = ""  # the path to which the form on the page is sent; empty where the page only shows something
    fields: tuple[str, ...] = ()  # of the form, for what stands behind the verb
    shows: str = ""  # words on the page, where there is no form


def _of_incident(word: str, *fields: str) -> Place:
    return Place(INCIDENT, f"{INCIDENT}/{word}", fields)


# By usage, as the help lists them.
PLACES: Mapping[str, Place] = {
    "declare": Place("/", "/declare"),
    "declare <severity> <title>": Place("/", "/declare", ("severity", "title")),
    "<severity> <title>": Place("/", "/declare", ("severity", "title")),
    "ack": _of_incident("acknowledge"),
    "update": _of_incident("update"),
    "update <text>": _of_incident("update", "text"),
    "status": _of_incident("status"),
    "status <status> [note]": _of_incident("status", "status", "note"),
    "severity": _of_incident("severity"),
    "severity <level> [reason]": _of_incident("severity", "severity", "reason"),
    "role": _of_incident("role"),
    "role <role> @user": _of_incident("role", "role", "user"),
    "role <role> none": _of_incident("role", "role", "user"),
    "roles": Place(INCIDENT, shows="Incident commander"),
    "lead @user": _of_incident("role", "role", "user"),
    "handover": _of_incident("handover"),
    "handover @user": _of_incident("handover", "user"),
    "handover <role> @user": _of_incident("handover", "role", "user"),
    "join": _of_incident("join"),
    "invite @user …": _of_incident("invite", "users"),
    "escalate [reason]": _of_incident("escalate", "reason"),
    "trigger": _of_incident("trigger"),
    "trigger <name> [reason]": _of_incident("trigger", "trigger", "reason"),
    "fields": _of_incident("fields"),
    "page @user [reason]": _of_incident("page", "users", "reason"),
    "page <schedule> [reason]": _of_incident("page", "schedule", "reason"),
    "note": _of_incident("note"),
    "note <text>": _of_incident("note", "text"),
    "redact": _of_incident("redact"),
    "redact <link to a message> <reason>": _of_incident("redact", "seq", "reason"),
    "impact": _of_incident("impact"),
    "comms": Place(f"{INCIDENT}/tell", shows="Tell"),
    "comms <audience>": Place(f"{INCIDENT}/tell?audience=internal", f"{INCIDENT}/communications", ("text",)),
    "timeline": Place(INCIDENT, shows="What happened"),
    "timeline all": Place(INCIDENT, shows="Everything"),
    "catchup": _of_incident("catchup"),
    "why": Place(INCIDENT, shows="What is next, and why"),
    "snooze": _of_incident("snooze"),
    "snooze <duration>": _of_incident("snooze", "duration"),
    "snooze off": _of_incident("snooze", "duration"),
    "next <duration>": _of_incident("next", "duration"),
    "playbook": Place(INCIDENT, PLAYBOOK),
    "playbook <id or words>": Place(INCIDENT, PLAYBOOK, ("playbook",)),
    "resolve": _of_incident("resolve"),
    "resolve <summary>": _of_incident("resolve", "summary"),
    "close": _of_incident("close"),
    "cancel": _of_incident("cancel"),
    "cancel <reason>": _of_incident("cancel", "reason"),
    "reopen": _of_incident("reopen"),
    "reopen <reason>": _of_incident("reopen", "reason"),
    "merge": _of_incident("merge"),
    "merge <ID>": _of_incident("merge", "into"),
    "relate": _of_incident("relate"),
    "relate <ID>": _of_incident("relate", "to"),
    "tag": _of_incident("tag"),
    "tag <words>": _of_incident("tag", "add"),
    "tag -<word>": _of_incident("tag", "remove"),
    "tag none": _of_incident("tag", "replace"),
    "action": _of_incident("actions"),
    "action <title> @owner [by <date>] [P0–P3]": _of_incident("actions", "title", "owner", "due", "priority"),
    "actions [mine|overdue|all]": Place("/reviews", shows="Action items"),
    "actions checklists": _of_incident("actions/checklists"),
    "times": _of_incident("times"),
    "review": Place(REVIEW, f"{REVIEW}/complete"),
    "policy": _of_incident("policy"),
    "policy apply": _of_incident("policy"),
    "list [open|all|<severity> …]": Place("/incidents", "/incidents", ("severity",)),
    "search <words>": Place("/incidents", "/incidents", ("q",)),
    "metrics [30d|90d|<from> <to>] [severity|service|category|team [<which>]]": Place(
        "/figures", "/figures", ("from", "to", "severity")
    ),
    "metrics load [30d]": Place("/figures/load", shows="Interrupted hours"),
    "alerts": Place("/alerts", shows="Groups"),
    "silence": Place("/alerts", "/silences"),
    "silence <label=value> … for <duration> [reason]": Place("/alerts", "/silences", ("labels", "duration", "reason")),
    "maintenance": Place("/statuspage", "/statuspage/maintenance"),
    "maintenance list": Place("/statuspage", shows="Under way and planned"),
    "subscribe": Place("/statuspage", "/statuspage/channels", ("channel",)),
    "subscribe <component>": Place("/statuspage", "/statuspage/channels", ("channel", "component")),
    "show <ID>": Place(INCIDENT, shows="INC-"),
    "oncall [schedule]": Place("/oncall", shows="primary"),
    "cover": Place("/oncall", "/oncall/{schedule}/cover"),
    "cover <schedule> for <duration>": Place("/oncall", "/oncall/{schedule}/cover", ("duration",)),
    "cover <schedule> from <time> for <duration>": Place(
        "/oncall", "/oncall/{schedule}/cover", ("starts_at", "duration")
    ),
    "cover <schedule> from <time> until <time>": Place(
        "/oncall", "/oncall/{schedule}/cover", ("starts_at", "duration")
    ),
    "cover <schedule> none": Place("/oncall", "/oncall/{schedule}/give-up"),
    "drill [title]": Place("/drill", "/drill", ("title",)),
    "drill <severity> <title>": Place("/drill", "/drill", ("severity", "title")),
    "drill <INC-42> [at 10x]": Place("/drill", "/drill", ("plays", "at")),
}
# Usages that the console does not have, and why.
EXCEPTIONS: Mapping[str, str] = {
    "help [verb]": "Nothing has to be typed: each form names its fields, and says what they take.",
    "help all": "The page of an incident offers every verb that fits its state.",
}

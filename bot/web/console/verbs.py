"""Chooses the verbs that an incident's page offers, from the table of operations: a new verb appears by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.incident.status import ENDED, Status
from bot.domain.policy.policy import CustomField, Policy
from bot.operations.base import NoArguments, Operation
from bot.operations.table import BY_NAME, OPERATIONS
from bot.web.console.fields import Field
from bot.web.console.forms import Form, form_for

PREFIX = "/incidents/{id}/"
# What a responder reaches for, in this order; the others follow in a second list, in the order of the table.
FIRST = (
    "post_update", "add_note", "change_status", "change_severity", "assign_role", "page_people", "escalate_incident",
    "resolve_incident",
)  # fmt: skip
_WHILE_OPEN = frozenset(
    {
        "acknowledge_incident", "post_update", "change_status", "change_severity", "assign_role", "offer_role",
        "join_incident", "invite_people", "page_people", "escalate_incident", "fire_trigger", "snooze_incident",
        "promise_update", "resolve_incident", "cancel_incident",
    }
)  # fmt: skip
_ONCE_ENDED = frozenset({"reopen_incident", "close_incident", "add_checklists"})
# `assign_role` gives roles one after the other; playbooks, reviews and messages have pages of their own.
_ELSEWHERE = frozenset({"assign_roles", "open_playbook", "draft_communication", "send_communication"})
_TITLES = {
    "post_update": "Post an update", "add_note": "Add a note", "change_status": "Change status",
    "change_severity": "Change severity", "assign_role": "Assign a role", "page_people": "Page people",
    "escalate_incident": "Escalate", "resolve_incident": "Resolve", "acknowledge_incident": "Acknowledge",
    "close_incident": "Close", "cancel_incident": "Cancel: a false alarm", "reopen_incident": "Reopen",
    "snooze_incident": "Snooze reminders", "promise_update": "Promise the next update", "join_incident": "Join",
    "invite_people": "Invite people", "offer_role": "Hand a role over", "fire_trigger": "Report an event",
    "record_impact": "Record the impact", "answer_fields": "Answer questions", "answer_handover": "Answer a handover",
    "merge_incident": "Merge into another incident", "relate_incident": "Relate another incident",
    "tag_incident": "Change tags", "create_action": "Add an action item", "correct_times": "Correct the times",
    "redact_entry": "Redact an entry", "add_checklists": "Add the checklists of the days after",
    "apply_policy": "Follow the policy in force",
}  # fmt: skip
_KINDS = {"text": "line", "select": "choice", "number": "number", "user": "person", "checkbox": "yes"}


def word_of(operation: Operation) -> str | None:
    """The verb in an operation's path, such as `note`; None where it is no verb of an incident."""
    word = operation.path.removeprefix(PREFIX)
    is_verb = operation.method == "POST" and operation.path.startswith(PREFIX) and "{" not in word
    return word if is_verb and operation.name not in _ELSEWHERE and operation.tag != "Reviews" else None


VERBS: Mapping[str, Operation] = {word: each for each in OPERATIONS if (word := word_of(each)) is not None}


def offered_forms(incident: Mapping[str, Any], policy: Policy, me: str, offers: int) -> list[Form]:
    """The forms of the verbs that fit the incident's state, those most used first. `offers`: of roles, to them."""
    forms = [
        replace(form, values={**form.values, **_current_values(form.name, incident)})
        for operation in VERBS.values()
        if _fits(operation.name, incident, policy, me, offers)
        for form in [verb_form(operation, incident["id"], policy)]
    ]
    rank = {name: number for number, name in enumerate(FIRST)}
    return sorted(forms, key=lambda form: rank.get(form.name, len(FIRST)))


def _current_values(name: str, incident: Mapping[str, Any]) -> dict[str, str]:
    """The values that a form begins with: the incident's own."""
    if name in {"change_status", "change_severity"}:
        key = name.removeprefix("change_")
        return {key: incident[key]}
    if name == "record_impact":
        lists = {key: ", ".join(incident[key]) for key in ("services", "regions")}
        return lists | {key: _typed(value) for key, value in incident["facts"].items()}
    return {key: _typed(value) for key, value in incident["fields"].items()} if name == "answer_fields" else {}


def _typed(value: Any) -> str:
    """A value as it is typed into a field."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def verb_form(operation: Operation, incident_id: str, policy: Policy) -> Form:
    """The empty form of a verb."""
    word = operation.path.removeprefix(PREFIX)
    title = title_of(operation.name)
    form = form_for(operation.name, f"/incidents/{incident_id}/{word}", policy, title)
    if operation.name != "answer_fields":
        return form
    return Form(form.name, form.action, title, tuple(map(_question, policy.fields)), title)


def title_of(name: str) -> str:
    """The label of a verb's button."""
    return _TITLES.get(name) or BY_NAME[name].summary


def takes_nothing(form: Form) -> bool:
    """Whether one press is enough."""
    return BY_NAME[form.name].arguments is NoArguments


def _fits(name: str, incident: Mapping[str, Any], policy: Policy, me: str, offers: int) -> bool:
    ended = Status(incident["status"]) in ENDED
    if name == "acknowledge_incident":
        return not ended and me not in set(incident["responders"])
    if name == "close_incident":
        return Status(incident["status"]) is Status.RESOLVED
    if name in _WHILE_OPEN:
        return not ended and (name != "fire_trigger" or bool(policy.triggers))
    if name in _ONCE_ENDED:
        return ended
    return not ((name == "answer_fields" and not policy.fields) or (name == "answer_handover" and not offers))


def _question(custom_field: CustomField) -> Field:
    choices = tuple((option, option) for option in custom_field.options)
    return Field(
        custom_field.key,
        custom_field.label,
        _KINDS.get(custom_field.kind, "line"),
        False,
        (("", "–"), *choices),
        hint=custom_field.hint,
    )

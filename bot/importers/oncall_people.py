"""Turns the personal notification rules of Grafana OnCall into the methods of contacts.

https://grafana.com/docs/oncall/latest/oncall-api-reference/personal_notification_rules/: the rules of a person are in
the order of `position`, waits stand between them, and there is a second list of `important` ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.importers.account import Origin, Person, SourceObject, Step
from bot.importers.fields import id_of, int_of, text_of

_METHODS = {
    "notify_by_slack": "slack",
    "notify_by_mobile_app": "slack",
    "notify_by_mobile_app_critical": "slack",
    "notify_by_sms": "sms",
    "notify_by_phone_call": "phone",
    "notify_by_email": "email",
}
_APP = ("notify_by_mobile_app", "notify_by_mobile_app_critical")
_WAIT_S = 60  # where a wait has no duration


def notification_rules(people: Sequence[Person], rules: Sequence[Mapping[str, Any]]) -> list[SourceObject]:
    """Give each person their steps. Returns an object of the report for each rule."""
    by_id = {person.origin.id: person for person in people}
    after: dict[str, timedelta] = {}
    source_objects: list[SourceObject] = []
    for raw in sorted(rules, key=lambda rule: int_of(rule, "position")):
        user, kind = id_of(raw, "user_id"), text_of(raw, "type")
        step = Step(Origin("personal_notification_rule", id_of(raw), f"{user}: {kind}"), method=_METHODS.get(kind, ""))
        source_objects.append(step)
        step.after = after.get(user, timedelta(0))
        if raw.get("important") is True:
            step.note("A person has one list of methods here", "Look at the contact's `methods`.", lost=True)
        elif kind == "wait":
            after[user] = step.after + timedelta(seconds=max(0, int_of(raw, "duration", _WAIT_S)))
            step.note("It is the delay of the methods after it", "", moved=True)
        elif user not in by_id:
            step.note("The person is not among the users", "", lost=True)
        elif not step.method:
            step.note(f"There is no method “{kind}” here", "Set the contact's `push`, which has many.", lost=True)
        else:
            by_id[user].steps.append(step)
            if kind in _APP:
                step.note("OnCall's app becomes Slack", "Set the contact's `push` for another app that rings.")
    return source_objects

"""Checks the policy's `permissions`: that its names exist, and that nobody is locked out."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.access.permissions import ALLOWED_WHEN_UNKNOWN, RESTRICTABLE_VERBS, VERBS_WITHOUT_INCIDENT
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.target import Target, TargetKind
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact, add_role
from bot.policy.problems import KeyPath, Problem, did_you_mean

_UNRESTRICTED = {
    "ack": "everybody who is paged must be able to answer",
    "join": "everybody must be able to come and help",
    "invite": "everybody must be able to ask others for help",
}
_READ_ONLY = ("roles", "timeline", "why", "list", "show", "search", "oncall", "alerts", "help", "playbook", "catchup")


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each action that cannot be restricted, and each name that does not exist."""
    for action, names in context.model.permissions.items():
        path: KeyPath = ("permissions", action)
        if action not in RESTRICTABLE_VERBS:
            yield context.problem(path, _not_restrictable(action), "")
        elif not names:
            message = "is empty, so nobody could do it. Name people, or remove it to allow everybody."
            yield context.problem(path, message, "")
        for number, target in enumerate(names):
            yield from _unknown_target(context, (*path, number), action, target)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for each restriction that stops people from helping, or that anybody can get round."""
    for action, names in context.model.permissions.items():
        path: KeyPath = ("permissions", action)
        if action == "declare":
            message = "the first person to notice an incident may not be on this list. Better allow everybody."
            yield context.problem(path, message)
        elif action in ALLOWED_WHEN_UNKNOWN:
            message = "other people cannot call for help while these are asleep. Better allow everybody."
            yield context.problem(path, message)
        elif action not in VERBS_WITHOUT_INCIDENT and all(target.kind is TargetKind.GROUP for target in names):
            message = 'only user groups: while Slack cannot tell who is in them, nobody may. Add "role:commander".'
            yield context.problem(path, message)
    yield from _self_granted_rights(context)


def _self_granted_rights(context: CheckContext) -> Iterator[Problem]:
    """A warning for each right that anybody can get: by covering a schedule, or by a role for the sake of approving."""
    for action, names in context.model.permissions.items():
        for number, target in enumerate(names):
            yield from _by_cover(context, ("permissions", action, number), target)
    for number, target in enumerate(context.model.playbooks.approvers):
        path: KeyPath = ("playbooks", "approvers", number)
        yield from _by_cover(context, path, target)
        if target.kind is TargetKind.ROLE and "role" not in context.model.permissions:
            message = f"anybody may give the role {target.name} to somebody else. To prevent it, restrict `role`."
            yield context.problem(path, message)


def _by_cover(context: CheckContext, path: KeyPath, target: Target) -> Iterator[Problem]:
    if "cover" in context.model.permissions:
        return
    for name, schedule in context.model.schedules.items():
        follows = target.kind is TargetKind.GROUP and (schedule.usergroup or "").lstrip("@") == target.name
        if follows or (target.kind is TargetKind.SCHEDULE and name == target.name):
            message = f"anybody may cover {name}, and so be on this list. To prevent it, restrict `cover` as well."
            yield context.problem(path, message)
            return


def _not_restrictable(action: str) -> str:
    if action in _UNRESTRICTED:
        return f"cannot be restricted: {_UNRESTRICTED[action]}. Remove it."
    if action in _READ_ONLY:
        return "cannot be restricted, since it only reads. To hide an incident, declare it as private. Remove it."
    return f"is not an action that can be restricted.{did_you_mean(action, RESTRICTABLE_VERBS, 'There are:')}"


def _unknown_target(context: CheckContext, path: KeyPath, action: str, target: Target) -> Iterator[Problem]:
    name = target.name
    if target.kind is TargetKind.ROLE:
        if action in VERBS_WITHOUT_INCIDENT:
            yield context.problem(path, f"{action} happens before anybody has a role. Name a user group or people.")
        elif name not in context.model.roles:
            yield context.unknown_name(path, name, context.model.roles, "role", add_role(name))
    if target.kind is TargetKind.CONTACT:
        contact = context.model.contacts.get(name)
        if contact is None:
            yield context.unknown_name(path, name, context.model.contacts, "contact", add_contact(name))
        elif not contact.slack or not is_user_id(contact.slack):
            message = f"{name} has no Slack member ID. Add one to contacts.{name}: `slack: U0123ABCD`."
            yield context.problem(path, message)

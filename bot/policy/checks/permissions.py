"""Who may do what: the names under `permissions`, and what would lock people out."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.access.permissions import ALLOWED_WHEN_UNKNOWN, RESTRICTABLE_VERBS, VERBS_WITHOUT_INCIDENT
from bot.domain.policy.policy import AllowList
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.target import Target, TargetKind
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact
from bot.policy.models import Document
from bot.policy.problems import KeyPath, Problem, did_you_mean

_FREE = {
    "ack": "whoever answers a page must be let in",
    "join": "whoever comes to help must be let in",
    "invite": "whoever can help must be let in",
}
_LOOKING = ("roles", "timeline", "why", "list", "show", "search", "oncall", "help", "playbook", "catchup")


def problems(look: CheckContext) -> Iterator[Problem]:
    for action, names in look.model.permissions.items():
        path: KeyPath = ("permissions", action)
        if action not in RESTRICTABLE_VERBS:
            yield look.problem(path, _no_such(action))
        elif not names:
            said = "names nobody, so nobody could. Name people, or take it out: then everybody may."
            yield look.problem(path, said)
        for number, target in enumerate(names):
            yield from _who(look, (*path, number), action, target)


def warnings(look: CheckContext) -> Iterator[Problem]:
    for action, names in look.model.permissions.items():
        path: KeyPath = ("permissions", action)
        if action == "declare":
            said = "whoever sees a fire first may not be among them, and then nobody rings the bell. Better everybody."
            yield look.problem(path, said)
        elif action in ALLOWED_WHEN_UNKNOWN:
            said = "others cannot call for help where these are asleep. Better everybody."
            yield look.problem(path, said)
        elif action not in VERBS_WITHOUT_INCIDENT and all(target.kind is TargetKind.GROUP for target in names):
            said = 'only user groups: where Slack cannot say who is in them, nobody may. Add "role:commander".'
            yield look.problem(path, said)


def allowed_of(model: Document) -> dict[str, AllowList]:
    return {action: _allowed(model, names) for action, names in model.permissions.items()}


def _allowed(model: Document, targets: list[Target]) -> AllowList:
    names: dict[TargetKind, list[str]] = {TargetKind.USER: [], TargetKind.GROUP: [], TargetKind.ROLE: []}
    for target in targets:
        if target.kind is TargetKind.CONTACT:
            names[TargetKind.USER].append(model.contacts[target.name].slack or "")
        else:
            names[target.kind].append(target.name)
    return AllowList(tuple(names[TargetKind.USER]), tuple(names[TargetKind.GROUP]), tuple(names[TargetKind.ROLE]))


def _no_such(action: str) -> str:
    if action in _FREE:
        return f"cannot be restricted: {_FREE[action]}. Take it out."
    if action in _LOOKING:
        return "cannot be restricted: it only looks. What not everybody may see is declared as private."
    return f"is nothing that can be restricted.{did_you_mean(action, RESTRICTABLE_VERBS, 'There are:')}"


def _who(look: CheckContext, path: KeyPath, action: str, target: Target) -> Iterator[Problem]:
    name = target.name
    if target.kind is TargetKind.ROLE:
        if action in VERBS_WITHOUT_INCIDENT:
            yield look.problem(path, f"{action} comes before anybody has a role. Name a user group or people.")
        elif name not in look.model.roles:
            mend = f"Add one under roles, such as `{name}: {{title: {name.replace('_', ' ').capitalize()}}}`."
            yield look.unknown_name(path, name, look.model.roles, "role", mend)
    if target.kind is TargetKind.CONTACT:
        contact = look.model.contacts.get(name)
        if contact is None:
            yield look.unknown_name(path, name, look.model.contacts, "contact", add_contact(name))
        elif not contact.slack or not is_user_id(contact.slack):
            said = f"{name} is not known by a Slack member ID. Give contacts.{name} one: `slack: U0123ABCD`."
            yield look.problem(path, said)

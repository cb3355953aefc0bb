"""Ladders and triggers: that whoever they name is there and can be reached by what they name."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.policy.policy import WAKING_METHODS
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.target import Target, TargetKind
from bot.policy import build
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact
from bot.policy.models import Contact, Rung, Trigger
from bot.policy.problems import KeyPath, Problem

# What a contact must have to be reached so. PagerDuty and webhooks reach whoever the operator's settings say.
_NEEDS = {"slack": "slack", "email": "email", "sms": "phone"}
_ARTICLE = {"slack": "a slack", "email": "an email", "phone": "a phone"}


def problems(look: CheckContext) -> Iterator[Problem]:
    for key, contact in look.model.contacts.items():
        yield from _somehow(look, key, contact)
    for path, rung, own in look.rungs():
        if own:
            yield from _targets(look, path, rung)
            yield from _unreachable(look, path, rung)
    for key in look.model.severities:
        yield from _climbs(look, key)
    if look.in_file(("playbooks", "approvers")):
        yield from _approvers(look)
    for key, audience in look.model.audiences.items():
        if look.in_file(("audiences", key, "notify")):
            yield from _missing(look, ("audiences", key, "notify"), audience.notify)


def warnings(look: CheckContext) -> Iterator[Problem]:
    yield from _not_yet_described(look)
    for path, rung, _ in look.rungs():
        yield from _lost_methods(look, path, rung)
    yield from _silent(look)


def _somehow(look: CheckContext, key: str, contact: Contact) -> Iterator[Problem]:
    if not (contact.slack or contact.email or contact.phone or contact.pagerduty or contact.url):
        said = "nobody could reach them. Give them one of slack, email, phone or pagerduty."
        yield look.problem(("contacts", key), said)


def _targets(look: CheckContext, path: KeyPath, rung: Rung | Trigger) -> Iterator[Problem]:
    yield from _missing(look, (*path, "notify"), rung.notify)


def _missing(look: CheckContext, path: KeyPath, targets: list[Target]) -> Iterator[Problem]:
    for number, target in enumerate(targets):
        name = target.name
        if is_there(look, target):
            continue
        here = (*path, number)
        if target.kind is TargetKind.SCHEDULE:
            mend = f"Add one under schedules, such as `{name}: {{members: [U0123ABCD]}}`."
            yield look.unknown_name(here, name, look.model.schedules, "schedule", mend)
        elif target.kind is TargetKind.CONTACT:
            yield look.unknown_name(here, name, look.model.contacts, "contact", add_contact(name))
        else:
            mend = f"Add one under roles, such as `{name}: {{title: {name.replace('_', ' ').capitalize()}}}`."
            yield look.unknown_name(here, name, [*look.model.roles, *look.model.contacts], "role", mend)


def _approvers(look: CheckContext) -> Iterator[Problem]:
    path: KeyPath = ("playbooks", "approvers")
    yield from _missing(look, path, look.model.playbooks.approvers)
    for number, target in enumerate(look.model.playbooks.approvers):
        if target.kind is TargetKind.CHANNEL:
            said = "a channel cannot approve. Name people: role:NAME, contact:NAME, schedule:NAME or user:U0123ABCD."
            yield look.problem((*path, number), said)


def is_there(look: CheckContext, target: Target) -> bool:
    name = target.name
    if target.kind is TargetKind.SCHEDULE:
        return name in look.model.schedules
    if target.kind is TargetKind.CONTACT:
        return name in look.model.contacts
    # A role nobody has to take in the incident, such as role:engineering_manager, may be a contact.
    return target.kind is not TargetKind.ROLE or name in look.model.roles or name in look.model.contacts


def _people(look: CheckContext, target: Target) -> list[str]:
    """Contacts and members whom a target may reach."""
    kind, name = target.kind, target.name
    if kind in (TargetKind.CONTACT, TargetKind.USER) or (kind is TargetKind.ROLE and name in look.model.contacts):
        return [name]
    if kind is TargetKind.SCHEDULE and name in look.model.schedules:
        layers = build.rotations(look.model.schedules[name])
        return list(dict.fromkeys(member for layer in layers for member in layer.members))
    return []


def _lacks(look: CheckContext, person: str, method: str) -> str | None:
    """What `person` would need to be reached by `method`; None where it can reach them."""
    need = _NEEDS.get(method)
    contact = look.model.contacts.get(person)
    if need is None or (contact is None and method == "slack"):
        return None
    if contact is None:
        return need if is_user_id(person) or "@" in person else None
    # Slack finds people by their address too.
    return None if getattr(contact, need) or (need == "slack" and contact.email) else need


def _unreachable(look: CheckContext, path: KeyPath, rung: Rung | Trigger) -> Iterator[Problem]:
    """Somebody whom not one of the rung's methods reaches."""
    for number, target in enumerate(rung.notify):
        for person in _people(look, target):
            needs = [_lacks(look, person, method) for method in rung.by]
            if all(needs):
                via = "" if target.name == person else f" ({target})"
                ways = " or ".join(rung.by)
                said = f"{person}{via} cannot be reached by {ways}. {_give(look, person, needs)}"
                yield look.problem((*path, "notify", number), said)


def _give(look: CheckContext, person: str, needs: list[str | None]) -> str:
    wanted = " or ".join(_ARTICLE[need] for need in dict.fromkeys(needs) if need)
    if person in look.model.contacts:
        return f"Give contacts.{person} {wanted}, or add another method to `by`."
    return f"Add slack to `by`, or name a contact with {wanted}."


def _lost_methods(look: CheckContext, path: KeyPath, rung: Rung | Trigger) -> Iterator[Problem]:
    for target in rung.notify:
        for person in _people(look, target):
            lost = [method for method in rung.by if _lacks(look, person, method)]
            if lost and len(lost) < len(rung.by):
                wanted = ", ".join(_NEEDS[method] for method in lost)
                yield look.problem(path, f"{', '.join(lost)} will not reach {person}, who has no {wanted} here.")


def _climbs(look: CheckContext, key: str) -> Iterator[Problem]:
    ladder = look.model.severities[key].ladder
    for number in range(1, len(ladder)):
        before, after = build.clock_duration(ladder[number - 1].after), build.clock_duration(ladder[number].after)
        if after < before:
            said = f"is {exact(after)}, earlier than the rung before it ({exact(before)}). Put them in order."
            yield look.problem(("severities", key, "ladder", number, "after"), said, "")


def _not_yet_described(look: CheckContext) -> Iterator[Problem]:
    """What the preset names and only the organisation can fill: said once, altogether."""
    missing: dict[str, list[str]] = {"schedules": [], "contacts": []}
    for _, rung, _ in look.rungs():
        for target in rung.notify:
            where = "schedules" if target.kind is TargetKind.SCHEDULE else "contacts"
            if not is_there(look, target) and target.name not in missing[where]:
                missing[where].append(target.name)
    for role in look.model.roles.values():
        known = [*look.model.roles, *look.model.contacts, *missing["contacts"]]
        if role.backup is not None and role.backup not in known:
            missing["contacts"].append(role.backup)
    for where, names in missing.items():
        if names:
            said = f"the preset pages {', '.join(names)}, of whom nothing is said yet: nobody is reached there."
            yield look.problem((where,), f"{said} Add them here.")


def _silent(look: CheckContext) -> Iterator[Problem]:
    quiet = [
        key
        for key, severity in look.model.severities.items()
        if not any(_rings(look, rung) for rung in severity.ladder)
    ]
    if quiet:
        ways = " or ".join(WAKING_METHODS)
        said = f"no telephone rings for {', '.join(quiet)}: no rung that reaches anybody has {ways} in `by`."
        yield look.problem(("severities",), said)


def _rings(look: CheckContext, rung: Rung) -> bool:
    reached = [target for target in rung.notify if _reaches_somebody(look, target)]
    if not reached:
        return False
    people = [person for target in reached for person in _people(look, target)]
    return "pagerduty" in rung.by or ("sms" in rung.by and any(not _lacks(look, one, "sms") for one in people))


def _reaches_somebody(look: CheckContext, target: Target) -> bool:
    """Whatever the incident: a channel is nobody, and a role may be empty unless a contact stands in for it."""
    if target.kind is TargetKind.ROLE:
        return target.name in look.model.contacts
    return target.kind is not TargetKind.CHANNEL and is_there(look, target)

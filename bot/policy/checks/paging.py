"""Checks that the people named in a policy's ladders, triggers, approvers and audiences exist and can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.policy.policy import WAKING_METHODS
from bot.domain.policy.schedules import NOBODY
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.target import Target, TargetKind
from bot.policy import build
from bot.policy.build_schedules import rotations
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact, add_role, add_schedule, add_team
from bot.policy.models import AlertRung, Contact, Rung, Trigger
from bot.policy.problems import KeyPath, Problem

# The setting a contact needs for each method. PagerDuty and webhooks reach people by the operator's own settings.
_ADDRESS = {"slack": "slack", "email": "email", "sms": "phone", "phone": "phone", "push": "push"}
_ON_SCHEDULES = (TargetKind.SCHEDULE, TargetKind.NEXT, TargetKind.ALL)
_OF_TEAMS = (TargetKind.TEAM, TargetKind.TURN)
_WITH_ARTICLE = {"slack": "a slack", "email": "an email", "phone": "a phone", "push": "a push"}


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each unknown target, each person who cannot be reached, and each rung out of order."""
    for key, contact in context.model.contacts.items():
        yield from _no_address(context, key, contact)
        yield from _own_methods(context, key, contact)
    for path, rung, in_file in context.rungs():
        if in_file:
            yield from _unknown_targets(context, (*path, "notify"), rung.notify)
            yield from _unreachable(context, path, rung)
    yield from _out_of_order(context)
    if context.in_file(("playbooks", "approvers")):
        yield from _approvers(context)
    for key, audience in context.model.audiences.items():
        if context.in_file(("audiences", key, "notify")):
            yield from _unknown_targets(context, ("audiences", key, "notify"), audience.notify)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for people whom only some methods reach, and for names in the preset that are not defined yet."""
    yield from _undefined_contacts(context)
    for path, rung, _ in context.rungs():
        yield from _useless_methods(context, path, rung)
    yield from _waking_nobody(context)


def _no_address(context: CheckContext, key: str, contact: Contact) -> Iterator[Problem]:
    if not (contact.slack or contact.email or contact.phone or contact.pagerduty or contact.url or contact.push):
        message = "this contact cannot be reached. Add one of slack, email, phone, push or pagerduty."
        yield context.problem(("contacts", key), message)


def _own_methods(context: CheckContext, key: str, contact: Contact) -> Iterator[Problem]:
    """A problem for each method of a person that needs an address they lack, or comes before the one above it."""
    before = None
    for number, step in enumerate(contact.methods):
        path: KeyPath = ("contacts", key, "methods", number)
        if setting := _missing_address(context, key, step.by):
            message = f"{step.by} needs {_WITH_ARTICLE[setting]}. Give contacts.{key} one, or remove the method."
            yield context.problem(path, message)
        after = build.clock_duration(step.after)
        if before is not None and after < before:
            message = f"is {exact(after)}, earlier than the method before it ({exact(before)}). Put them in order."
            yield context.problem((*path, "after"), message, "")
        before = after
        severities = context.model.severities
        yield from context.unknown_names((*path, "severities"), step.severities, severities, "severity")


def _unknown_targets(context: CheckContext, path: KeyPath, targets: list[Target]) -> Iterator[Problem]:
    model = context.model
    for number, target in enumerate(targets):
        name = target.name
        if _exists(context, target):
            continue
        item = (*path, number)
        if target.kind in _ON_SCHEDULES:
            yield context.unknown_name(item, name, model.schedules, "schedule", add_schedule(name))
        elif target.kind in _OF_TEAMS:
            yield context.unknown_name(item, name, model.teams, "team", add_team(name))
        elif target.kind is TargetKind.CONTACT:
            yield context.unknown_name(item, name, model.contacts, "contact", add_contact(name))
        else:
            yield context.unknown_name(item, name, [*model.roles, *model.contacts], "role", add_role(name))


def _approvers(context: CheckContext) -> Iterator[Problem]:
    path: KeyPath = ("playbooks", "approvers")
    yield from _unknown_targets(context, path, context.model.playbooks.approvers)
    for number, target in enumerate(context.model.playbooks.approvers):
        if target.kind is TargetKind.CHANNEL:
            message = "a channel cannot approve. Name people: role:NAME, contact:NAME, schedule:NAME or user:U0123ABCD."
            yield context.problem((*path, number), message)


def _exists(context: CheckContext, target: Target) -> bool:
    if target.kind in _ON_SCHEDULES:
        return target.name in context.model.schedules
    if target.kind in _OF_TEAMS:
        return target.name in context.model.teams
    if target.kind is TargetKind.CONTACT:
        return target.name in context.model.contacts
    # A role that is never taken in an incident, such as role:engineering_manager, may be a contact.
    is_role = target.kind is TargetKind.ROLE
    return not is_role or target.name in context.model.roles or target.name in context.model.contacts


def _people(context: CheckContext, target: Target) -> list[str]:
    """The contacts and members that a target can reach."""
    kind, name = target.kind, target.name
    if kind in (TargetKind.CONTACT, TargetKind.USER) or (kind is TargetKind.ROLE and name in context.model.contacts):
        return [name]
    if kind in _ON_SCHEDULES and name in context.model.schedules:
        names = [member for layer in rotations(context.model.schedules[name]) for member in layer.names]
        return list(dict.fromkeys(person for member in names for person in _people_of(context, member)))
    if kind in _OF_TEAMS and name in context.model.teams:
        return _team_people(context, name)
    return []


def _people_of(context: CheckContext, member: str) -> list[str]:
    """The people behind a member of a schedule: a team has several."""
    if member in context.model.teams:
        return list(context.model.teams[member].members)
    return [] if member == NOBODY else [member]


def _team_people(context: CheckContext, name: str) -> list[str]:
    """The members of a team; without any, those of its schedule."""
    team = context.model.teams[name]
    if team.members or team.schedule is None:
        return list(team.members)
    return _people(context, Target(TargetKind.SCHEDULE, team.schedule))


def _missing_address(context: CheckContext, person: str, method: str) -> str | None:
    """The setting that a person lacks for a method; None if the method reaches them."""
    setting = _ADDRESS.get(method)
    contact = context.model.contacts.get(person)
    if setting is None or (contact is None and method == "slack"):
        return None
    if contact is None:
        return setting if is_user_id(person) or "@" in person else None
    # Slack finds people by their e-mail address, too.
    return None if getattr(contact, setting) or (setting == "slack" and contact.email) else setting


def _unreachable(context: CheckContext, path: KeyPath, rung: Rung | Trigger | AlertRung) -> Iterator[Problem]:
    """A problem for each person whom none of the rung's methods reaches."""
    for number, target in enumerate(rung.notify):
        for person in _people(context, target):
            missing = [_missing_address(context, person, method) for method in rung.by]
            if all(missing):
                via = "" if target.name == person else f" ({target})"
                message = f"{person}{via} cannot be reached by {' or '.join(rung.by)}."
                hint = _address_hint(context, person, missing)
                yield context.problem((*path, "notify", number), f"{message} {hint}")


def _address_hint(context: CheckContext, person: str, missing: list[str | None]) -> str:
    settings = " or ".join(_WITH_ARTICLE[setting] for setting in dict.fromkeys(missing) if setting)
    if person in context.model.contacts:
        return f"Give contacts.{person} {settings}, or add another method to `by`."
    return f"Add slack to `by`, or name a contact with {settings}."


def _useless_methods(context: CheckContext, path: KeyPath, rung: Rung | Trigger | AlertRung) -> Iterator[Problem]:
    for target in rung.notify:
        for person in _people(context, target):
            useless = [method for method in rung.by if _missing_address(context, person, method)]
            if useless and len(useless) < len(rung.by):
                settings = ", ".join(_ADDRESS[method] for method in useless)
                message = f"{', '.join(useless)} will not reach {person}, who has no {settings} here."
                yield context.problem(path, message)


def _out_of_order(context: CheckContext) -> Iterator[Problem]:
    for path, ladder in context.ladders():
        for number in range(1, len(ladder)):
            before, after = build.clock_duration(ladder[number - 1].after), build.clock_duration(ladder[number].after)
            if after < before:
                message = f"is {exact(after)}, earlier than the rung before it ({exact(before)}). Put them in order."
                yield context.problem((*path, number, "after"), message, "")


def _undefined_contacts(context: CheckContext) -> Iterator[Problem]:
    """A warning for each schedule and contact that the preset names and only the organisation can define."""
    undefined: dict[str, list[str]] = {"schedules": [], "contacts": []}
    for _, rung, _ in context.rungs():
        for target in rung.notify:
            collection = "schedules" if target.kind in _ON_SCHEDULES else "contacts"
            if not _exists(context, target) and target.name not in undefined[collection]:
                undefined[collection].append(target.name)
    for role in context.model.roles.values():
        names = [*context.model.roles, *context.model.contacts, *undefined["contacts"]]
        if role.backup is not None and role.backup not in names:
            undefined["contacts"].append(role.backup)
    for collection, names in undefined.items():
        if names:
            message = f"the preset pages {', '.join(names)}, not defined yet: these pages reach nobody. Add them here."
            yield context.problem((collection,), message)


def _waking_nobody(context: CheckContext) -> Iterator[Problem]:
    silent = [
        key
        for key, severity in context.model.severities.items()
        if not any(_wakes_somebody(context, rung) for rung in context.ladder_of(severity))
    ]
    if silent:
        methods = f"{', '.join(WAKING_METHODS[:-1])} or {WAKING_METHODS[-1]}"
        message = f"no phone rings for {', '.join(silent)}: no rung that reaches a person has {methods} in `by`."
        yield context.problem(("severities",), message)


def _wakes_somebody(context: CheckContext, rung: Rung) -> bool:
    targets = [target for target in rung.notify if _reaches_a_person(context, target)]
    if not targets:
        return False
    people = [person for target in targets for person in _people(context, target)]
    return "pagerduty" in rung.by or any(
        method in rung.by and not _missing_address(context, person, method)
        for person in people
        for method in WAKING_METHODS
        if method != "pagerduty"
    )


def _reaches_a_person(context: CheckContext, target: Target) -> bool:
    """Whether the target reaches a person in every incident. No channel does; a role does if it is also a contact."""
    if target.kind is TargetKind.ROLE:
        return target.name in context.model.contacts
    return target.kind is not TargetKind.CHANNEL and _exists(context, target)

"""Checks that every name used in a policy exists: severities, roles, audiences, contacts, services, categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain.policy.policy import fold_name
from bot.domain.policy.schedules import NOBODY
from bot.domain.values.slack_ids import is_user_id
from bot.policy.checks.context import CheckContext
from bot.policy.problems import KeyPath, Problem

_FIGURES = {"services_affected": "over: 1", "revenue_impact": "over: 10000"}  # triggers with a figure to pass


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each name that does not exist, and each setting that contradicts another."""
    model = context.model
    yield from _orders(context)
    yield from _ambiguous_names(
        context, "severities", {key: severity.name for key, severity in model.severities.items()}
    )
    yield from _ambiguous_names(context, "roles", {key: role.title for key, role in model.roles.items()})
    for key, severity in model.severities.items():
        path: KeyPath = ("severities", key)
        yield from context.unknown_names((*path, "roles"), severity.roles, model.roles, "role")
        yield from context.unknown_names((*path, "audiences"), severity.audiences, model.audiences, "audience")
        if isinstance(severity.ladder, str):
            yield from _ladder(context, (*path, "ladder"), severity.ladder)
    for key, role in model.roles.items():
        path = ("roles", key, "required_for")
        yield from context.unknown_names(path, role.required_for, model.severities, "severity")
    for key, trigger in model.triggers.items():
        path = ("triggers", key, "severities")
        yield from context.unknown_names(path, trigger.severities, model.severities, "severity")
        yield from _figure(context, key)
    yield from _rules(context)
    yield from _people(context, ("executives",), model.executives)
    yield from _sheet_recipients(context)
    yield from _backups(context)
    yield from _services(context)
    yield from _teams(context)
    yield from _custom_fields(context)


def _sheet_recipients(context: CheckContext) -> Iterator[Problem]:
    """A problem for each recipient of the emergency sheet without an e-mail address."""
    contacts = context.model.contacts
    for number, recipient in enumerate(context.model.sheet.mail if context.model.sheet else ()):
        path: KeyPath = ("sheet", "mail", number)
        if recipient not in contacts and "@" not in recipient:
            yield context.unknown_name(
                path, recipient, contacts, "contact", "Write an address such as ops@example.com."
            )
        elif recipient in contacts and contacts[recipient].email is None:
            yield context.problem(path, f"{recipient} has no e-mail address. Add contacts.{recipient}.email.")


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for each duty or message of the policy that nobody will do or get."""
    model = context.model
    for key, role in model.roles.items():
        path: KeyPath = ("roles", key, "required_for")
        unasked = [level for level in role.required_for if key not in model.severities[level].roles]
        if context.in_file(path) and unasked:
            message = f"nobody is reminded of this role at {', '.join(unasked)}."
            yield context.problem(path, f"{message} Add {key} to severities.{unasked[0]}.roles.")
    briefed = [key for key, severity in model.severities.items() if severity.notify_executives]
    if briefed and not model.executives:
        message = f"{_asking(briefed)} for an executive briefing, but no executive is listed. List contacts here."
        yield context.problem(("executives",), message)


def add_contact(name: str) -> str:
    """The hint for a contact that does not exist."""
    return f"Add one under contacts, such as `{name}: {{slack: U0123ABCD}}`."


def add_schedule(name: str) -> str:
    """The hint for a schedule that does not exist."""
    return f"Add one under schedules, such as `{name}: {{members: [U0123ABCD]}}`."


def add_team(name: str) -> str:
    """The hint for a team that does not exist."""
    return f"Add one under teams, such as `{name}: {{members: [U0123ABCD]}}`."


def add_ladder(name: str) -> str:
    """The hint for a ladder that does not exist."""
    return f'Add one under ladders, such as `{name}: [{{after: 0m, notify: ["schedule:primary"]}}]`.'


def add_role(name: str) -> str:
    """The hint for a role that does not exist."""
    return f"Add one under roles, such as `{name}: {{title: {name.replace('_', ' ').capitalize()}}}`."


def _asking(severities: list[str]) -> str:
    return f"{', '.join(severities)} {'asks' if len(severities) == 1 else 'ask'}"


def _orders(context: CheckContext) -> Iterator[Problem]:
    for setting, order, names, kind in (
        ("order", context.model.order, list(context.model.severities), "severity"),
        ("role_order", context.model.role_order, list(context.model.roles), "role"),
    ):
        yield from context.unknown_names((setting,), order, names, kind)
        if order and (left_out := [key for key in names if key not in order]):
            message = f"leaves out {', '.join(left_out)}. List every {kind}, or none."
            yield context.problem((setting,), message, "")
        if twice := sorted({key for key in order if order.count(key) > 1}):
            yield context.problem((setting,), f"lists {', '.join(twice)} twice. Keep one.", "")


def _ambiguous_names(context: CheckContext, collection: str, names: dict[str, str]) -> Iterator[Problem]:
    """A problem for entries that share a key or a name. People type either, so each must mean one entry only."""
    keys_by_name: dict[str, str] = {}
    for key, name in names.items():
        for word in (key, name):
            if fold_name(word) in keys_by_name:
                message = f"has the same name as {keys_by_name[fold_name(word)]} (“{word}”). Give it another name."
                yield context.problem((collection, key), message, "")
                break
        keys_by_name |= {fold_name(key): key, fold_name(name): key}


def _rules(context: CheckContext) -> Iterator[Problem]:
    model = context.model
    for key, rule in model.classification.items():
        path: KeyPath = ("classification", key)
        if rule.severity not in model.severities:
            hint = f"Use one of: {', '.join(model.severities)}."
            yield context.unknown_name((*path, "severity"), rule.severity, model.severities, "severity", hint)
        if rule.category is not None and rule.category not in model.categories:
            hint = f"Add one under categories, such as `{rule.category}: {{}}`."
            yield context.unknown_name((*path, "category"), rule.category, model.categories, "category", hint)


def _people(context: CheckContext, path: KeyPath, names: Iterable[str]) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if name not in context.model.contacts and not is_user_id(name):
            yield context.unknown_name((*path, number), name, context.model.contacts, "contact", add_contact(name))


def _backups(context: CheckContext) -> Iterator[Problem]:
    roles, contacts = context.model.roles, context.model.contacts
    for key, role in roles.items():
        path: KeyPath = ("roles", key, "backup")
        backup = role.backup
        if backup is None:
            continue
        if backup not in roles and backup not in contacts and context.in_file(path):
            names = [*roles, *contacts]
            yield context.unknown_name(path, backup, names, "role or contact", add_contact(backup))
        chain = [key]
        while backup in roles and backup not in contacts and backup not in chain:
            chain.append(backup)
            backup = roles[backup].backup
        if backup == key and key == min(chain):
            message = f"{' → '.join([*chain, key])} is a circle."
            yield context.problem(path, f"{message} Name a contact as the backup of one of them, or none.")


def _services(context: CheckContext) -> Iterator[Problem]:
    model = context.model
    for key, service in model.services.items():
        path: KeyPath = ("services", key)
        schedule = service.schedule
        if schedule is not None and schedule not in model.schedules:
            hint = add_schedule(schedule)
            yield context.unknown_name((*path, "schedule"), schedule, model.schedules, "schedule", hint)
        yield from context.unknown_names((*path, "depends_on"), service.depends_on, model.services, "service")
        if key in service.depends_on:
            yield context.problem((*path, "depends_on"), "a service cannot depend on itself. Remove it.")
        yield from _people(context, (*path, "contacts"), service.contacts)
        if service.ladder is not None:
            yield from _ladder(context, (*path, "ladder"), service.ladder)


def _ladder(context: CheckContext, path: KeyPath, name: str) -> Iterator[Problem]:
    if name not in context.model.ladders:
        yield context.unknown_name(path, name, context.model.ladders, "ladder", add_ladder(name))


def _teams(context: CheckContext) -> Iterator[Problem]:
    model = context.model
    if NOBODY in model.contacts:
        message = f"`{NOBODY}` is a gap in a schedule, not a person. Give the contact another key."
        yield context.problem(("contacts", NOBODY), message)
    for key, team in model.teams.items():
        path: KeyPath = ("teams", key)
        if key == NOBODY or key in model.contacts:
            owner = "a gap in a schedule" if key == NOBODY else "a contact"
            yield context.problem(path, f"`{key}` is {owner} already; schedules could mean either. Rename the team.")
        if not team.members and team.schedule is None:
            yield context.problem(path, "has nobody: write `members: [anna, ben]`, or the `schedule` of the team.", "")
        yield from _people(context, (*path, "members"), team.members)
        if team.lead is not None and team.lead not in model.contacts and not is_user_id(team.lead):
            yield context.unknown_name((*path, "lead"), team.lead, model.contacts, "contact", add_contact(team.lead))
        for service in set(team.services) - model.services.keys():
            hint = f"Add it under services: `{service}: {{}}`."
            yield context.unknown_name((*path, "services"), service, model.services, "service", hint)
        if team.schedule is not None and team.schedule not in model.schedules:
            hint = add_schedule(team.schedule)
            yield context.unknown_name((*path, "schedule"), team.schedule, model.schedules, "schedule", hint)


def _figure(context: CheckContext, key: str) -> Iterator[Problem]:
    trigger, path = context.model.triggers[key], ("triggers", key, "over")
    if trigger.when in _FIGURES and trigger.over is None:
        message = f"needs the figure that triggers it: write `{_FIGURES[trigger.when]}`."
        yield context.problem(("triggers", key), message, "")
    if trigger.when not in _FIGURES and trigger.over is not None:
        yield context.problem(path, f"{trigger.when} has no figure to compare with. Remove `over`.")


def _custom_fields(context: CheckContext) -> Iterator[Problem]:
    for key, custom in context.model.fields.items():
        path: KeyPath = ("fields", key)
        if custom.kind == "select" and not custom.options:
            yield context.problem(path, "needs options to choose from: write `options: [yes, no]`.", "")
        if custom.kind != "select" and custom.options:
            message = f"a {custom.kind} field has no options. Write `kind: select`, or remove them."
            yield context.problem((*path, "options"), message)
        yield from context.unknown_names((*path, "severities"), custom.severities, context.model.severities, "severity")

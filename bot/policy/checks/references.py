"""Every name that is used must be there: severities, roles, audiences, contacts, services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain.policy.policy import fold_name
from bot.domain.values.slack_ids import is_user_id
from bot.policy.checks.context import CheckContext
from bot.policy.problems import KeyPath, Problem


def problems(look: CheckContext) -> Iterator[Problem]:
    model = look.model
    yield from _orders(look)
    yield from _same_names(look, "severities", {key: severity.name for key, severity in model.severities.items()})
    yield from _same_names(look, "roles", {key: role.title for key, role in model.roles.items()})
    for key, severity in model.severities.items():
        yield from look.unknown_names(("severities", key, "roles"), severity.roles, model.roles, "role")
        yield from look.unknown_names(("severities", key, "audiences"), severity.audiences, model.audiences, "audience")
    for key, role in model.roles.items():
        yield from look.unknown_names(("roles", key, "required_for"), role.required_for, model.severities, "severity")
    for key, trigger in model.triggers.items():
        yield from look.unknown_names(("triggers", key, "severities"), trigger.severities, model.severities, "severity")
        yield from _figure(look, key)
    for key, rule in model.classification.items():
        if rule.severity not in model.severities:
            yield look.unknown_name(
                ("classification", key, "severity"), rule.severity, model.severities, "severity",
                f"Use one of: {', '.join(model.severities)}.",
            )  # fmt: skip
        if rule.category is not None and rule.category not in model.categories:
            mend = f"Add one under categories, such as `{rule.category}: {{}}`."
            yield look.unknown_name(
                ("classification", key, "category"), rule.category, model.categories, "category", mend
            )
    yield from _people(look, ("executives",), model.executives)
    yield from _backups(look)
    yield from _services(look)
    yield from _fields(look)


def warnings(look: CheckContext) -> Iterator[Problem]:
    model = look.model
    for key, role in model.roles.items():
        path: KeyPath = ("roles", key, "required_for")
        unasked = [level for level in role.required_for if key not in model.severities[level].roles]
        if look.in_file(path) and unasked:
            said = f"nobody is reminded of it at {', '.join(unasked)}. Add {key} to severities.{unasked[0]}.roles."
            yield look.problem(path, said)
    briefed = [key for key, severity in model.severities.items() if severity.notify_executives]
    if briefed and not model.executives:
        said = f"{', '.join(briefed)}: an executive briefing is asked for, and nobody gets it. List contacts here."
        yield look.problem(("executives",), said)
    called = [key for key, severity in model.severities.items() if severity.war_room]
    if called and "bridge" not in model.bookmarks:
        said = f"{', '.join(called)}: a war room is asked for, and no call is named. Add `bridge: https://…{{id}}`."
        yield look.problem(("bookmarks",), said)


def _orders(look: CheckContext) -> Iterator[Problem]:
    for path, said, there in (
        ("order", look.model.order, list(look.model.severities)),
        ("role_order", look.model.role_order, list(look.model.roles)),
    ):
        what = "severity" if path == "order" else "role"
        yield from look.unknown_names((path,), said, there, what)
        if said and (left := [key for key in there if key not in said]):
            yield look.problem((path,), f"leaves out {', '.join(left)}. List every {what}, or none.", "")
        if twice := sorted({key for key in said if said.count(key) > 1}):
            yield look.problem((path,), f"lists {', '.join(twice)} twice. Keep one.", "")


def _same_names(look: CheckContext, collection: str, names: dict[str, str]) -> Iterator[Problem]:
    """People type either, so a key or a name may mean one thing only."""
    taken: dict[str, str] = {}
    for key, name in names.items():
        for word in (key, name):
            if fold_name(word) in taken:
                said = f"is called the same as {taken[fold_name(word)]} (“{word}”). Give it another name."
                yield look.problem((collection, key), said, "")
                break
        taken |= {fold_name(key): key, fold_name(name): key}


def _people(look: CheckContext, path: KeyPath, names: Iterable[str]) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if name not in look.model.contacts and not is_user_id(name):
            yield look.unknown_name((*path, number), name, look.model.contacts, "contact", add_contact(name))


def add_contact(name: str) -> str:
    return f"Add one under contacts, such as `{name}: {{slack: U0123ABCD}}`."


def _backups(look: CheckContext) -> Iterator[Problem]:
    roles = look.model.roles
    for key, role in roles.items():
        path: KeyPath = ("roles", key, "backup")
        backup = role.backup
        if backup is None:
            continue
        if backup not in roles and backup not in look.model.contacts and look.in_file(path):
            known = [*roles, *look.model.contacts]
            yield look.unknown_name(path, backup, known, "role or contact", add_contact(backup))
        circle = [key]
        while backup in roles and backup not in look.model.contacts and backup not in circle:
            circle.append(backup)
            backup = roles[backup].backup
        if backup == key and key == min(circle):
            said = f"{' → '.join([*circle, key])} goes round in a circle. Let one of them name a contact, or nobody."
            yield look.problem(path, said)


def _services(look: CheckContext) -> Iterator[Problem]:
    model = look.model
    for key, service in model.services.items():
        path: KeyPath = ("services", key)
        if service.schedule is not None and service.schedule not in model.schedules:
            mend = f"Add one under schedules, such as `{service.schedule}: {{members: [U0123ABCD]}}`."
            yield look.unknown_name((*path, "schedule"), service.schedule, model.schedules, "schedule", mend)
        yield from look.unknown_names((*path, "depends_on"), service.depends_on, model.services, "service")
        if key in service.depends_on:
            yield look.problem((*path, "depends_on"), "a service cannot depend on itself. Take it out.")
        yield from _people(look, (*path, "contacts"), service.contacts)


def _figure(look: CheckContext, key: str) -> Iterator[Problem]:
    trigger, path = look.model.triggers[key], ("triggers", key, "over")
    counted = {"services_affected": "over: 1", "revenue_impact": "over: 10000"}
    if trigger.when in counted and trigger.over is None:
        yield look.problem(("triggers", key), f"needs the figure to pass: write `{counted[trigger.when]}`.", "")
    if trigger.when not in counted and trigger.over is not None:
        yield look.problem(path, f"{trigger.when} has no figure to pass. Take `over` out.")


def _fields(look: CheckContext) -> Iterator[Problem]:
    for key, custom in look.model.fields.items():
        if custom.kind == "select" and not custom.options:
            yield look.problem(("fields", key), "needs options to choose from: write `options: [yes, no]`.", "")
        if custom.kind != "select" and custom.options:
            yield look.problem(("fields", key, "options"), f"a {custom.kind} field has none. Write `kind: select`.")
        yield from look.unknown_names(
            ("fields", key, "severities"), custom.severities, look.model.severities, "severity"
        )

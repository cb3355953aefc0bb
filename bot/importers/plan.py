"""Plans an import: the additions to the policy, the covers to record, and the report on each object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.importers.account import Account, PastIncident, SourceObject
from bot.importers.compose.draft import Cover, Draft
from bot.importers.compose.ladders import add_ladders
from bot.importers.compose.people import Directory, add_people, add_teams
from bot.importers.compose.schedules import add_schedules
from bot.importers.compose.services import add_priorities, add_routes, add_senders, add_services
from bot.importers.errors import ImportFailed
from bot.importers.merge_text import Addition, merge
from bot.importers.report import Report
from bot.policy.yaml_source import parse_yaml


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned import."""

    source: str
    report: Report
    additions: tuple[Addition, ...]
    covers: tuple[Cover, ...]
    past: tuple[PastIncident, ...]
    schedules: dict[str, str]  # ID of the source → key of the policy
    people: dict[str, str]
    severity_of: dict[str, str]  # priority of the source → severity of the policy
    services: dict[str, str]
    teams: dict[str, str]
    team_people: dict[str, tuple[str, ...]]  # ID of a team at the source → contacts
    policy_text: str  # the policy file with the additions


def make_plan(
    account: Account, policy_text: str, now: datetime, directory: Directory | None = None, **options: Any
) -> Plan:
    """Plan the import of an account into a policy file, which may be empty. Raises `ImportFailed` for a broken file."""
    draft = Draft(account, _values(policy_text), now, **options)
    add_people(draft, directory or Directory())
    add_teams(draft)
    add_schedules(draft)
    add_ladders(draft)
    add_priorities(draft)
    add_services(draft)
    add_routes(draft)
    add_senders(draft)
    _report(draft)
    return Plan(
        source=account.source,
        report=draft.report,
        additions=tuple(draft.additions),
        covers=tuple(draft.covers),
        past=tuple(account.past),
        schedules=draft.schedules,
        people=draft.people,
        severity_of=draft.severity_of,
        services=draft.services,
        teams=draft.teams,
        team_people=draft.team_people,
        policy_text=merge(policy_text, draft.additions).lstrip("\n"),
    )


def _values(text: str) -> dict[str, Any]:
    source = parse_yaml(text, "the policy")
    if source.problems:
        raise ImportFailed(f"The policy file has a mistake; mend it first: {source.problems[0].message}")
    return source.values


def _report(draft: Draft) -> None:
    """Add a row for each object of the source to the report, people first."""
    account = draft.account
    source_objects: list[SourceObject] = [*account.people, *account.teams]
    for schedule in account.schedules:
        source_objects += [
            schedule,
            *(rotation for rotation in schedule.rotations if rotation.reported),
            *schedule.overrides,
        ]
    for ladder in account.ladders:
        source_objects += [ladder, *(rung for rung in ladder.rungs if rung.reported)]
    source_objects += [*account.services, *account.senders, *account.routing, *account.priorities]
    source_objects += [*account.others, *account.past]
    draft.report.extend(source_object.row() for source_object in source_objects)

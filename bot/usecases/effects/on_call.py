"""Looks up who is on call now, with covers, and the Slack ID of a person named on a schedule."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall import schedule as oncall
from bot.domain.paging.context import PagingContext, paging_context
from bot.domain.paging.directory import Directory
from bot.domain.policy.policy import Policy
from bot.domain.values.target import TargetKind
from storage import directory as directories
from storage import key_value, overrides, team_turns


async def current_paging_context(
    conn: AsyncConnection,
    policy: Policy,
    methods: Collection[str],
    now: datetime,
    covers_until: datetime | None = None,
) -> PagingContext:
    """The context for a page now: who is on call, with covers, and which accounts people have in Slack.

    With `covers_until`, covers taken after that instant are left out.
    """
    directory = await current_directory(conn, policy)
    turns = await team_turns.read(conn, teams_in_turn(policy))
    return paging_context(policy, await overrides.in_force(conn, now, covers_until), directory, methods, now, turns)


def teams_in_turn(policy: Policy) -> list[str]:
    """The teams whose members some rung pages in turn."""
    if not policy.teams:
        return []
    ladders = [*policy.ladders.values(), *(severity.ladder for severity in policy.severities)]
    rungs = [rung for ladder in ladders for rung in ladder] + [trigger.rung for trigger in policy.triggers]
    targets = [target for rung in rungs for target in rung.notify]
    targets += [target for rung in policy.alert_rungs for target in rung.notify]
    return sorted({target.name for target in targets if target.kind is TargetKind.TURN})


async def current_directory(conn: AsyncConnection, policy: Policy) -> Directory:
    """The Slack accounts behind the addresses in a policy, as far as they are stored."""
    users = await directories.user_ids(conn, [name for name in names_in(policy) if "@" in name])
    return Directory(users, await directories.unreachable(conn)).with_contacts(policy)


def names_in(policy: Policy) -> frozenset[str]:
    """The e-mail addresses and Slack IDs by which a policy names people in Slack, and the keys of contacts."""
    contacts = [contact.slack or contact.email for contact in policy.contacts.values()]
    members = [member for team in policy.teams.values() for member in team.members]
    members += [member for schedule in policy.schedules.values() for member in schedule.member_names]
    rungs = [rung for severity in policy.severities for rung in severity.ladder]
    rungs += [trigger.rung for trigger in policy.triggers]
    rungs += [rung for ladder in policy.ladders.values() for rung in ladder]
    targets = [target for rung in rungs for target in rung.notify]
    targets += [target for rung in policy.alert_rungs for target in rung.notify]
    users = [target.name for target in (*targets, *policy.playbooks.approvers) if target.kind is TargetKind.USER]
    return frozenset(name for name in (*contacts, *members, *users) if name)


async def addresses_on_call(
    conn: AsyncConnection, policy: Policy, schedules: tuple[str, ...], now: datetime
) -> list[str]:
    """Addresses and Slack IDs of the people on call now on any of these schedules."""
    current = await overrides.in_force(conn, now)
    members = [m for name in schedules for m in oncall.on_call(policy.schedules[name], now, current)]
    return sorted({address for member in members if (address := address_of(policy, member))})


async def members_of_group(conn: AsyncConnection, policy: Policy, group: str, now: datetime) -> list[str]:
    """Addresses and Slack IDs of the people who belong in a user group now: those on call, and members of teams."""
    on_duty = await addresses_on_call(conn, policy, schedules_by_usergroup(policy).get(group, ()), now)
    teams = [team for team in policy.teams.values() if team.slack == group]
    members = {address for team in teams for member in team.members if (address := address_of(policy, member))}
    return sorted({*on_duty, *members})


def usergroups(policy: Policy) -> tuple[str, ...]:
    """The Slack user groups that follow schedules or teams."""
    return tuple(dict.fromkeys([*schedules_by_usergroup(policy), *(t.slack for t in policy.teams.values() if t.slack)]))


async def user_of(conn: AsyncConnection, policy: Policy, member: str) -> str | None:
    """The Slack ID of a member of a schedule; None for an e-mail address that was not looked up yet."""
    address = address_of(policy, member)
    if address is None or "@" not in address:
        return address
    return await user_with_address(conn, address)


async def user_with_address(conn: AsyncConnection, address: str) -> str | None:
    """The Slack ID that was found for an e-mail address; None if it was not looked up yet."""
    user = await key_value.user_of_address(address).get(conn)
    return str(user) if user else None


def address_of(policy: Policy, member: str) -> str | None:
    """The Slack ID or e-mail address of a member: the contact's, else the member's name, which is an ID."""
    contact = policy.contacts.get(member)
    return member if contact is None else contact.slack or contact.email


def schedules_by_usergroup(policy: Policy) -> dict[str, tuple[str, ...]]:
    """The Slack user groups that follow schedules, each with the schedules it follows."""
    groups: dict[str, tuple[str, ...]] = {}
    for schedule in policy.schedules.values():
        if schedule.usergroup:
            name = schedule.usergroup.lstrip("@")
            groups[name] = (*groups.get(name, ()), schedule.key)
    return groups

"""Looks up who is on call now, with overrides, and the Slack ID of a person named on a schedule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import OnCall
from bot.domain.policy.policy import Policy
from storage import key_value, overrides


async def current_calendar(conn: AsyncConnection, policy: Policy, now: datetime) -> OnCall:
    """A function that tells who is on call on a schedule at an instant, with the overrides in force now."""
    return oncall.on_call_lookup(policy, await overrides.in_force(conn, now))


async def addresses_on_call(
    conn: AsyncConnection, policy: Policy, schedules: tuple[str, ...], now: datetime
) -> list[str]:
    """Addresses and Slack IDs of the people on call now on any of these schedules."""
    current = await overrides.in_force(conn, now)
    members = [m for name in schedules for m in oncall.on_call(policy.schedules[name], now, current)]
    return sorted({address for member in members if (address := address_of(policy, member))})


async def user_of(conn: AsyncConnection, policy: Policy, member: str) -> str | None:
    """The Slack ID of a member of a schedule; None for an e-mail address that was never looked up."""
    address = address_of(policy, member)
    if address is None or "@" not in address:
        return address
    return await user_with_address(conn, address)


async def user_with_address(conn: AsyncConnection, address: str) -> str | None:
    """The Slack ID that was found for an e-mail address; None where it was never looked up."""
    user = await key_value.user_of_address(address).get(conn)
    return str(user) if user else None


async def remember_user(conn: AsyncConnection, address: str, user: str) -> None:
    """Store the Slack ID that was found for an e-mail address."""
    await key_value.user_of_address(address).put(conn, user)


def address_of(policy: Policy, member: str) -> str | None:
    """What Slack finds a member by: a contact's Slack ID or e-mail address, else the member's name, which is an ID."""
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

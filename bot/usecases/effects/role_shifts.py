"""Who holds a role while on call, and until when: kept with the incident, so that the end of a turn is a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident, RoleShift
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall import shift_change
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy, Schedule
from storage import key_value, overrides


async def with_turns(
    conn: AsyncConnection, before: Incident | None, after: Incident, policy: Policy, now: datetime
) -> Incident:
    """The incident with the turns of those who hold its roles; looked up where the roles are others than before."""
    moved = before is None or before.roles != after.roles or before.episode != after.episode
    if not moved or not after.open or not policy.schedules or not (after.roles or after.turns):
        return after
    return await looked_up(conn, after, policy, now)


async def looked_up(conn: AsyncConnection, incident: Incident, policy: Policy, now: datetime) -> Incident:
    """Also where the schedules are others than before: somebody covers, or covers no longer."""
    standing = await overrides.in_force(conn, now)
    turns = []
    for schedule in policy.schedules.values():
        on_call = oncall.on_call(schedule, now, standing)
        people = {user for member in on_call if (user := await user_of(conn, policy, member))}
        for role, user in incident.roles.items():
            shift = oncall.current_shift(schedule, now, standing) if user in people else None
            if shift is not None and shift.ends_at < now + oncall.CUT:
                turns.append(RoleShift(role, user, schedule.key, shift.ends_at))
            elif user not in people and (ends_at := _covers_later(schedule, user, now, standing)):
                turns.append(RoleShift(role, user, schedule.key, ends_at))
    return shift_change.watched(incident, turns)


def _covers_later(schedule: Schedule, user: str, now: datetime, standing: Sequence[Override]) -> datetime | None:
    """When the first cover of theirs ends that is still to come. Turns of the rotation to come are not looked at: it
    would take long, and few incidents last until then.
    """
    theirs = [one for one in standing if (one.schedule, one.member) == (schedule.key, user) and one.starts_at > now]
    for cover in sorted(theirs, key=lambda one: one.starts_at):
        shift = oncall.current_shift(schedule, cover.starts_at, standing)
        if shift is not None and shift.member == user:
            return shift.ends_at
    return None


async def user_of(conn: AsyncConnection, policy: Policy, member: str) -> str | None:
    """The Slack ID of somebody on a schedule; of an address only where it was looked up before."""
    address = address_of(policy, member)
    if address is None or "@" not in address:
        return address
    return await known_as(conn, address)


async def known_as(conn: AsyncConnection, address: str) -> str | None:
    """The Slack ID that an address was found to be; None where it was never looked up."""
    found = await key_value.user_of_address(address).get(conn)
    return str(found) if found else None


def address_of(policy: Policy, member: str) -> str | None:
    """How Slack finds a contact, or whoever is named by their ID."""
    contact = policy.contacts.get(member)
    return member if contact is None else contact.slack or contact.email


async def remember(conn: AsyncConnection, address: str, user: str) -> None:
    await key_value.user_of_address(address).put(conn, user)


def groups(policy: Policy) -> dict[str, tuple[str, ...]]:
    """The Slack user groups that follow schedules, each with those it follows."""
    found: dict[str, tuple[str, ...]] = {}
    for schedule in policy.schedules.values():
        if schedule.usergroup:
            name = schedule.usergroup.lstrip("@")
            found[name] = (*found.get(name, ()), schedule.key)
    return found


async def on_call_now(conn: AsyncConnection, policy: Policy, names: tuple[str, ...], now: datetime) -> list[str]:
    """Addresses and Slack IDs of whoever is on call on any of these schedules."""
    standing = await overrides.in_force(conn, now)
    members = [m for name in names for m in oncall.on_call(policy.schedules[name], now, standing)]
    return sorted({address for member in members if (address := address_of(policy, member))})

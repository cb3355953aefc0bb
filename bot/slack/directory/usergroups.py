"""Keeps the members of the Slack user groups that the policy names, and refreshes them in the background.

Reading them never waits for Slack: the last known members count, across restarts too, until Slack gives others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.oncall import schedule
from bot.domain.policy.policy import Policy
from bot.slack.client.api import SlackApi, SlackError
from bot.usecases.effects import on_call
from bot.workers.base import Periodic
from storage import key_value, overrides
from storage.database import Database

log = structlog.get_logger()

REFRESH_S = 300.0
REFUSAL_REFRESH_S = 15.0  # the least time between refreshes after refusals; usergroups.* is tier 2, 20 a minute
CHECK_S = 1.0
GONE = "no_such_subteam"


def groups_in_policy(policy: Policy) -> frozenset[str]:
    """The groups that permissions name, by ID or handle."""
    return frozenset(group for allowed in policy.permissions.values() for group in allowed.groups)


class UserGroups:
    """Keeps the members in memory and refreshes them periodically."""

    def __init__(
        self, database: Database, api: SlackApi, policy: Callable[[], Policy], now: Callable[[], datetime]
    ) -> None:
        self._now = now
        self._covers: dict[str, dict[str, datetime]] = {}
        self._database = database
        self._api = api
        self._policy = policy
        self._members: dict[str, frozenset[str]] = {}
        self._ids: dict[str, str] = {}
        self._read_at = -REFRESH_S
        self._groups: frozenset[str] = frozenset()  # named by the policy at the last refresh
        self._refresh_requested = False

    def members(self, group: str) -> frozenset[str] | None:
        """The members of a group, by ID or handle as in the policy; None while they are not known."""
        return self._members.get(group)

    def covers(self, group: str) -> Mapping[str, datetime]:
        """The members of a group that follows a schedule who are in it only by a cover, each with when they took it."""
        return self._covers.get(group, {})

    def request_refresh(self) -> None:
        """Refresh soon, as a person was refused who may have joined a group a moment ago."""
        self._refresh_requested = True

    @property
    def periodic(self) -> Periodic:
        """The task that checks whether the groups have to be read from Slack again."""
        return Periodic("user groups", timedelta(seconds=CHECK_S), timedelta(0), self._refresh_if_due)

    async def recall(self) -> None:
        """Load the members that were known when the process last ran."""
        groups = groups_in_policy(self._policy())
        await self._recall(groups)
        await self._read_covers(groups)

    async def _refresh_if_due(self) -> None:
        """Refresh after `REFRESH_S`, soon after a refusal, and at once when the policy names other groups."""
        groups = groups_in_policy(self._policy())
        age = time.monotonic() - self._read_at
        refused = self._refresh_requested and age >= REFUSAL_REFRESH_S
        if not (age >= REFRESH_S or groups != self._groups or refused):
            return
        requested, self._refresh_requested = self._refresh_requested, False
        self._read_at, new, self._groups = time.monotonic(), groups - self._groups, groups
        await self._recall(new)
        errors = await self.fetch(groups)
        self._refresh_requested |= requested and any(name != GONE for name in errors.values())

    async def fetch(self, groups: Iterable[str]) -> dict[str, str]:
        """Fetch the members of each group from Slack and store them. Returns Slack's error names, by group."""
        errors: dict[str, str] = {}
        for group in sorted(groups):
            try:
                fetched = await fetch_members(self._api, group, self._ids)
            except SlackError as error:
                errors[group] = error.name
                log.warning("usergroup.not_read", group=group, error=error.name, hint="the last known members count")
                continue
            if fetched is None:
                errors[group] = GONE
                log.warning("usergroup.gone", group=group, hint="enable it in Slack, or name another in `permissions`")
            members = fetched or frozenset()
            if members != self._members.get(group):
                async with self._database.transaction() as conn:
                    await key_value.usergroup_members(group).put(conn, sorted(members))
            self._members[group] = members
        await self._read_covers(groups)
        return errors

    async def _read_covers(self, groups: Iterable[str]) -> None:
        """Find out who is in a group that follows a schedule by a cover, and not by the rotation."""
        policy, now = self._policy(), self._now()
        followed = on_call.schedules_by_usergroup(policy)
        async with self._database.reading() as conn:
            covers = await overrides.covers_in_force(conn, now)
            for group in groups:
                names = {group, *(handle for handle, own in self._ids.items() if own == group), self._ids.get(group)}
                schedules = [key for name in names if name in followed for key in followed[name]]
                rotation = {
                    await on_call.user_of(conn, policy, member)
                    for key in schedules
                    for member in schedule.on_call(policy.schedules[key], now)
                }
                self._covers[group] = {
                    user: at for key, user, at in covers if key in schedules and user not in rotation
                }

    async def _recall(self, groups: Iterable[str]) -> None:
        """Load the members that were stored before a restart."""
        async with self._database.reading() as conn:
            for group in groups:
                members = await key_value.usergroup_members(group).get(conn)
                if group not in self._members and members is not None:
                    self._members[group] = frozenset(members)


async def fetch_members(api: SlackApi, group: str, ids: dict[str, str] | None = None) -> frozenset[str] | None:
    """The members of a group, given by ID or handle; None if there is no such group, or it is disabled.

    `ids` is a cache from handles to IDs, which this function fills and corrects. Raises `SlackError`.
    """
    ids = {} if ids is None else ids
    for _ in range(2):
        cached = group in ids
        group_id = ids.get(group) or await _look_up_id(api, group, ids)
        if group_id is None:
            return None
        try:
            answer = await api.call("usergroups.users.list", usergroup=group_id)
        except SlackError as error:
            if error.name != GONE:
                raise
            ids.pop(group, None)
            if not cached:
                return None
            continue  # the handle may belong to another group by now
        return frozenset(map(str, answer.get("users") or ()))
    return None


async def find_id(api: SlackApi, group: str) -> str | None:
    """The ID of a group by its handle; None if there is no such group, or it is disabled."""
    return await _look_up_id(api, group, {})


async def _look_up_id(api: SlackApi, group: str, ids: dict[str, str]) -> str | None:
    """The group's ID from Slack. All handles of the workspace are added to `ids`."""
    if is_group_id(group):
        return group
    answer = await api.call("usergroups.list")
    ids |= {str(usergroup.get("handle")): str(usergroup["id"]) for usergroup in answer.get("usergroups") or ()}
    return ids.get(group)


def is_group_id(group: str) -> bool:
    """Whether `group` is an ID and not a handle, which is in lower case."""
    return group.startswith("S") and group.isupper()

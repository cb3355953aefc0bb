"""Reads stored memberships and user groups, for processes that do not talk to Slack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.access.identity import Identity, Membership
from bot.domain.policy.policy import Policy
from storage import identities, key_value
from storage.database import Database


@dataclass(slots=True)
class StoredMemberships:
    """Memberships as last stored; unknown if Slack was never asked."""

    database: Database
    _known: dict[str, Identity] = field(default_factory=dict)

    def known(self, user: str) -> Identity:
        """The identity as read by `get`."""
        return self._known.get(user, Identity(user, Membership.UNKNOWN))

    async def get(self, user: str) -> Identity:
        """The stored identity."""
        async with self.database.reading() as conn:
            stored = await identities.get(conn, user)
        if stored is not None:
            self._known[user] = stored
        return self.known(user)


@dataclass(frozen=True, slots=True)
class StoredUsergroups:
    """The members of user groups as last stored."""

    groups: Mapping[str, frozenset[str]]

    def members(self, group: str) -> frozenset[str] | None:
        """The Slack IDs of its members; None if it was never read."""
        return self.groups.get(group)

    def covers(self, group: str) -> Mapping[str, datetime]:
        """Nobody: covers are not stored with the members."""
        return {}

    def request_refresh(self) -> None:
        """Do nothing: the bot reads them."""
        return


async def stored_usergroups(database: Database, policy: Policy) -> StoredUsergroups:
    """The user groups that the policy's permissions name."""
    names = {group for allowed in policy.permissions.values() for group in allowed.groups}
    async with database.reading() as conn:
        read = {name: await key_value.usergroup_members(name).get(conn) for name in sorted(names)}
    return StoredUsergroups({name: frozenset(members) for name, members in read.items() if members is not None})

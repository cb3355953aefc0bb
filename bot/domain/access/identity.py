"""Describes whether a user of Slack is a member of the workspace, a guest, from another organisation, or a bot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

OPERATOR = "cli"  # the actor of the command line without `--as`: people with access to the host may do everything


class Membership(StrEnum):
    """The kinds of people that Slack distinguishes."""

    MEMBER = "member"
    GUEST = "guest"
    OUTSIDE = "outside"  # of another organisation, through Slack Connect
    BOT = "bot"  # any bot or app
    UNKNOWN = "unknown"  # Slack has not answered yet


@dataclass(frozen=True, slots=True)
class Identity:
    """A Slack user with their membership."""

    user: str  # Slack user ID
    membership: Membership
    address: str | None = None  # e-mail address, where Slack vouches for it
    active: bool = True  # False for a deactivated account

    def is_among(self, people: Iterable[str]) -> bool:
        """Whether the list contains this person, by Slack ID or by e-mail address in any case."""
        address = self.address.lower() if self.address else None
        return any(name == self.user or ("@" in name and name.lower() == address) for name in people)

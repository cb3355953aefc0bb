"""Who somebody is to the workspace: one of its own, a guest, or of another organisation. Slack knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Membership(StrEnum):
    MEMBER = "member"
    GUEST = "guest"
    OUTSIDE = "outside"  # of another organisation, by Slack Connect
    UNKNOWN = "unknown"  # Slack has not said


@dataclass(frozen=True, slots=True)
class Identity:
    """`address` is their e-mail address, as far as Slack vouches for it."""

    user: str
    membership: Membership
    address: str | None = None

    def is_among(self, people: Iterable[str]) -> bool:
        """Whether they are one of these Slack IDs and addresses."""
        address = self.address.lower() if self.address else None
        return any(one == self.user or ("@" in one and one.lower() == address) for one in people)

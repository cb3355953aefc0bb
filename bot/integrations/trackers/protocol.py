"""Defines the protocol of a tracker (a client of GitHub, Jira or Linear).

Every method makes requests without redirects and raises `bot.domain.errors.DeliveryError`, which names no secret:
`permanent` if trying again is useless, `uncertain` if it may have happened, `wait_s` if the vendor says when to come
back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.actions.ticket import NewTicket, TicketNews, TicketState, TrackerKind


@dataclass(frozen=True, slots=True)
class Created:
    """A ticket that the tracker has."""

    external: str
    url: str
    labels: tuple[str, ...]  # that it has
    assignees: tuple[str, ...]
    project: str = ""  # as the tracker spells it; empty: as it was asked for


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes in a project since some instant, the oldest first, up to a bound."""

    news: tuple[TicketNews, ...]
    read_to: datetime | None = None  # where to read on, later than that instant; None: there is nothing more


class Tracker(Protocol):
    """A client of one tracker."""

    kind: TrackerKind
    project: str  # where tickets go unless a service names another project

    async def project_name(self, project: str) -> str:
        """The name of a project (a repository, a project or a team) as the tracker spells it. Changes nothing."""
        ...

    async def create(self, project: str, ticket: NewTicket) -> Created:
        """Create a ticket."""
        ...

    async def find(self, project: str, ticket: NewTicket, since: datetime) -> Created | None:
        """The ticket that an earlier attempt created, not before `since`; None if there is none."""
        ...

    async def edit(self, project: str, external: str, before: NewTicket, after: NewTicket) -> Created:
        """Write the differences between the ticket as we wrote it last and its new text. Calling it twice is safe.

        What people wrote into the ticket stays. Returns the ticket with the labels and assignees that it has now.
        """
        ...

    async def move(self, project: str, external: str, state: TicketState, comment: str) -> None:
        """Close or reopen a ticket. `comment` says why, where the tracker keeps comments. Calling it twice is safe."""
        ...

    async def changed_since(self, project: str, since: datetime) -> Changes:
        """The changes in a project since then, ours or not. The caller reads on while there are more."""
        ...

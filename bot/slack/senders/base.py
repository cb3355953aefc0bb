"""What every sender needs: where an incident's messages go, and what was posted before."""

from __future__ import annotations

from typing import Any, Protocol

from bot.domain.errors import NotNeeded
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.client.api import SlackApi
from bot.slack.directory.people import People
from bot.usecases.context import Desk
from storage.engine.batch_loader import Several
from storage.outbox import queue
from storage.outbox.queue import Row


class Case(Protocol):
    """What a handler needs: the row, the incident and its policy as they stand now."""

    @property
    def row(self) -> Row: ...
    @property
    def incident(self) -> Incident: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def now(self) -> Any: ...


class Posting:
    """What senders have in common."""

    def __init__(self, desk: Desk, api: SlackApi, people: People) -> None:
        self._desk = desk
        self._api = api
        self._people = people
        self._receipts = Several(desk.database.reading, queue.receipts_by_once)

    async def _posted(self, once: str) -> dict[str, Any] | None:
        """The receipt of a message; None where it was never posted."""
        receipt = await self._receipts.get(once)
        return receipt if receipt is not None and "ts" in receipt else None

    async def _receipt(self, once: str) -> dict[str, Any]:
        """The same, for what belongs to it."""
        if (receipt := await self._posted(once)) is None:
            raise NotNeeded("what it belongs to was never posted")
        return receipt

    async def _where(self, case: Case) -> str:
        """The incident's channel; the reporter's direct messages where that could not be made."""
        if case.incident.channel_id is not None and not case.row.redirected:
            return case.incident.channel_id
        return await self._people.direct_channel(case.incident.declared_by)

"""What every sender needs: where an incident's messages go, and what was posted before."""

from __future__ import annotations

from typing import Any, Protocol

from bot.domain.errors import NotNeeded
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.client.api import SlackApi
from bot.slack.directory.people import People
from bot.usecases.context import Context
from storage.engine.batch_loader import BatchLoader
from storage.outbox import receipts
from storage.outbox.queue import ClaimedNotice


class Case(Protocol):
    """What a handler needs: the row, the incident and its policy as they stand now."""

    @property
    def row(self) -> ClaimedNotice: ...
    @property
    def incident(self) -> Incident: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def now(self) -> Any: ...


class Posting:
    """What senders have in common."""

    def __init__(self, context: Context, api: SlackApi, people: People) -> None:
        self._context = context
        self._api = api
        self._people = people
        self._receipts = BatchLoader(context.database.reading, receipts.get_many)

    async def _posted(self, dedup_key: str) -> dict[str, Any] | None:
        """The receipt of a message; None where it was never posted."""
        receipt = await self._receipts.get(dedup_key)
        return receipt if receipt is not None and "ts" in receipt else None

    async def _receipt(self, dedup_key: str) -> dict[str, Any]:
        """The same, for what belongs to it."""
        if (receipt := await self._posted(dedup_key)) is None:
            raise NotNeeded("what it belongs to was never posted")
        return receipt

    async def _where(self, case: Case) -> str:
        """The incident's channel; the reporter's direct messages where that could not be made."""
        if case.incident.channel_id is not None and not case.row.redirected:
            return case.incident.channel_id
        return await self._people.direct_channel(case.incident.declared_by)

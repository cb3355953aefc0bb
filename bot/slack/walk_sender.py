"""What is sent about walks: their messages, their edits. Rendered from the walk as it stands when the turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bot.domain.errors import NotNeeded
from bot.domain.incident import Incident
from bot.domain.playbook import Playbook
from bot.domain.policy import Policy
from bot.domain.walk import Walk
from bot.domain.walk_notices import walk_of
from bot.slack.api import SlackApi
from bot.slack.blocks import walk as blocks
from bot.slack.blocks.kit import Message
from bot.slack.people import People
from bot.slack.post import edit, post
from bot.usecases.desk import Desk
from bot.usecases.walking import found
from storage import outbox
from storage.outbox import Row


class Case(Protocol):
    @property
    def row(self) -> Row: ...
    @property
    def incident(self) -> Incident: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def now(self) -> Any: ...


class WalkSender:
    """One method for each kind of notice about a walk."""

    def __init__(self, desk: Desk, api: SlackApi, people: People) -> None:
        self._desk = desk
        self._api = api
        self._people = people

    def handlers(self) -> dict[str, Callable[[Any], Awaitable[dict[str, Any]]]]:
        return {"walk": self._walk, "walk_edit": self._walk_edit}

    async def _walk(self, case: Case) -> dict[str, Any]:
        return await post(self._api, case.row, await self._where(case), await self._render(case))

    async def _walk_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(walk_of(case.incident.number, case.row.payload["walk"]))
        return await edit(self._api, receipt, await self._render(case))

    async def _render(self, case: Case) -> Message:
        walk, playbook = await self._read(case)
        return blocks.walk(case.incident, playbook, walk, case.now)

    async def _read(self, case: Case) -> tuple[Walk, Playbook]:
        async with self._desk.database.reading() as conn:
            return await found(conn, case.incident.number, case.row.payload["walk"])

    async def _receipt(self, once: str) -> dict[str, Any]:
        async with self._desk.database.reading() as conn:
            receipt = await outbox.receipt(conn, once)
        if receipt is None or "ts" not in receipt:
            raise NotNeeded("what it belongs to was never posted")
        return receipt

    async def _where(self, case: Case) -> str:
        """The incident's channel; the reporter's direct messages where that could not be made."""
        if case.incident.channel_id is not None and not case.row.redirected:
            return case.incident.channel_id
        return await self._people.direct_channel(case.incident.declared_by)

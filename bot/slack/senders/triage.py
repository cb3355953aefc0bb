"""What is sent about triage: posted where there is something useful to say, edited when that changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot.domain import routing
from bot.domain.errors import NotNeeded
from bot.slack.blocks import triage as blocks
from bot.slack.client.api import SlackError
from bot.slack.senders.base import Case, Posting
from bot.slack.senders.post_once import edit, post
from bot.usecases.queries import triage
from storage.outbox import enqueue


class TriageSender(Posting):
    """One method for each kind of notice about triage."""

    def handlers(self) -> dict[str, Callable[[Any], Awaitable[dict[str, Any]]]]:
        return {"triage": self._triage, "triage_edit": self._triage_edit}

    async def _triage(self, case: Case) -> dict[str, Any]:
        found = await triage.of(self._context, case.incident, case.policy)
        unless = None if case.incident.open else f"the incident was {case.incident.status} before it could be sent"
        unless = unless or (None if found.useful else "nothing known would help")
        if unless and not case.row.uncertain:
            raise NotNeeded(unless)
        message = blocks.triage(case.incident, case.policy, found)
        return await post(self._api, case.row, await self._where(case), message, unless=unless)

    async def _triage_edit(self, case: Case) -> dict[str, Any]:
        """Where there was nothing to say before, it is posted now."""
        receipt = await self._posted(routing.triage_of(case.incident.number))
        if receipt is None:
            async with self._context.database.transaction() as conn:
                await enqueue.put(conn, [replace(routing.triage(case.incident.number), resend=True)])
            raise NotNeeded("nothing was posted so far; it is asked again whether anything helps")
        found = await triage.of(self._context, case.incident, case.policy)
        try:
            return await edit(self._api, receipt, blocks.triage(case.incident, case.policy, found))
        except SlackError as error:
            if error.name not in ("message_not_found", "cant_update_message"):
                raise
        raise NotNeeded("somebody deleted it")

"""Tells people directly that somebody covers their on-call shift, or no longer does."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import RelievedPayload
from bot.domain.routing.send_result import SendResult
from bot.slack.blocks import cover
from bot.slack.senders import post_once
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class CoverSender(SenderBase):
    """Sends direct messages about covers."""

    @sends_without_incident(
        NoticeKind.RELIEVED, failure="say who covers a shift", failure_to="say who covers the shift of"
    )
    async def relieved(self, notice: ClaimedNotice) -> SendResult:
        """Tell the person whose shift is covered, or who is on call again."""
        payload = read_payload(notice, RelievedPayload)
        channel = await self._people.direct_channel(payload.person)
        return await post_once.post(self._api, notice, channel, cover.relief(payload, self._senders.command))

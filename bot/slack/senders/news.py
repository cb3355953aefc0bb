"""Sends news of an incident: to its channel, its announcement's thread, and the new holder of a role."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import DutiesPayload, EntriesPayload, UpdatePayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.domain.timeline.entry import RecordedEntry
from bot.slack.blocks import news, phrases
from bot.slack.blocks.elements import Message
from bot.slack.blocks.news import IN_THREAD
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends
from storage.outbox.payloads import read_payload
from storage.timeline import entries as timeline


def _role_moved_on(delivery: Delivery) -> str | None:
    payload = read_payload(delivery.notice, DutiesPayload)
    holder = delivery.incident.roles.get(payload.role)
    return None if holder == payload.user else "the role has moved on"


class NewsSender(SenderBase):
    """Posts entries of the timeline as news."""

    @sends(NoticeKind.NEWS, failure="post the news")
    async def news(self, delivery: Delivery) -> SendResult:
        """Post news in the incident's channel."""
        return await self.post_in_channel(delivery, await self._render(delivery))

    @sends(NoticeKind.THREAD, failure="post under the announcement")
    async def thread(self, delivery: Delivery) -> SendResult:
        """Post news under the incident's announcement."""
        receipt = await self.posted(routing.announcement_key(delivery.incident.number))
        if receipt is None:
            return NEVER_POSTED
        (parent,) = routing.announcement(delivery.incident, delivery.policy)
        location = f"in {phrases.channel_link(delivery.incident)}"
        return await self.post_under(delivery, receipt, await self._render(delivery, location), parent)

    @sends(NoticeKind.UPDATE, failure="post the update")
    async def update(self, delivery: Delivery) -> SendResult:
        """Post a status update in the incident's channel."""
        payload = read_payload(delivery.notice, UpdatePayload)
        records = await self._entries(delivery, [payload.seq, *payload.seqs])
        return await self.post_in_channel(delivery, news.change_news(records, delivery.incident, delivery.policy))

    @sends(
        NoticeKind.DUTIES,
        failure="send the duties of a role",
        failure_to="send the duties of a role to",
        unless=_role_moved_on,
    )
    async def duties(self, delivery: Delivery) -> SendResult:
        """Send a new role holder their duties directly."""
        payload = read_payload(delivery.notice, DutiesPayload)
        if payload.user == self._senders.identity.user_id:
            return NotNeeded("the role has moved on")
        message = news.duties_message(delivery.policy.role(payload.role), delivery.incident, self._senders.command)
        return await self.post(delivery, await self._people.direct_channel(payload.user), message)

    async def _render(self, delivery: Delivery, location: str = IN_THREAD) -> Message:
        payload = read_payload(delivery.notice, EntriesPayload)
        records = await self._entries(delivery, list(payload.seqs))
        return news.change_news(records, delivery.incident, delivery.policy, location)

    async def _entries(self, delivery: Delivery, seqs: list[int]) -> list[RecordedEntry]:
        async with self._context.database.reading() as conn:
            return await timeline.by_seqs(conn, delivery.incident.number, seqs)

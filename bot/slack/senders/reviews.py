"""Sends the message about the review of an incident, and keeps it up to date."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import SendResult
from bot.slack.blocks import review as blocks
from bot.slack.blocks.elements import Message
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.reviews.read import read_review


class ReviewSender(SenderBase):
    """Posts and edits messages about reviews."""

    @sends(NoticeKind.REVIEW, failure="post the review")
    async def review(self, delivery: Delivery) -> SendResult:
        """Post the message in the incident's channel."""
        return await self.post_in_channel(delivery, await self._message(delivery))

    @sends(NoticeKind.REVIEW_EDIT, failure="keep the review up to date")
    async def review_edit(self, delivery: Delivery) -> SendResult:
        """Edit the message. One that somebody deleted is posted again."""
        number = delivery.incident.number
        again = routing.review_posted(number)
        return await self.edit_or_post(routing.review_key(number), lambda: self._message(delivery), again)

    async def _message(self, delivery: Delivery) -> Message:
        async with self._context.database.reading() as conn:
            view = await read_review(conn, delivery.policy, delivery.incident.number)
        return blocks.posted(view, self._senders.command)

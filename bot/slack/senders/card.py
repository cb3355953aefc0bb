"""Sends the incident card: posts, pins and edits it, and posts it again if somebody deleted it."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.paging.ladder import unreachable_rungs
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import SendResult, Sent
from bot.slack.blocks import card
from bot.slack.blocks.elements import Message
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.effects.on_call import current_paging_context
from bot.usecases.playbooks import runs
from storage.outbox import census


class CardSender(SenderBase):
    """Posts and edits the incident card."""

    @sends(NoticeKind.CARD, failure="post the incident card")
    async def card(self, delivery: Delivery) -> SendResult:
        """Post the card in the incident's channel."""
        return await self.post_in_channel(delivery, await self._render(delivery))

    @sends(NoticeKind.CARD_EDIT, failure="keep the card up to date")
    async def card_edit(self, delivery: Delivery) -> SendResult:
        """Edit the card. A card that somebody deleted is posted again; its pin follows (`usecases.outbox.results`)."""
        number = delivery.incident.number
        replacement = routing.card_posted(number)
        return await self.edit_or_post(routing.card_key(number), lambda: self._render(delivery), replacement)

    @sends(NoticeKind.PIN, failure="pin the card")
    async def pin(self, delivery: Delivery) -> SendResult:
        """Pin the card."""
        receipt = await self.posted(routing.card_key(delivery.incident.number))
        if receipt is None:
            return NEVER_POSTED
        await self.call_once("already_pinned", "pins.add", channel=receipt["channel"], timestamp=receipt["ts"])
        return Sent()

    async def _render(self, delivery: Delivery) -> Message:
        incident, policy = delivery.incident, delivery.policy
        async with self._context.database.reading() as conn:
            failures = await census.causes_of_failure(conn, incident.number)
            paging_context = await current_paging_context(conn, policy, self._context.methods, delivery.now)
        return card.card(
            incident,
            policy,
            delivery.now,
            failures=[card.Failure(step=failure.kind, text=failure.error) for failure in failures],
            warnings=unreachable_rungs(incident, paging_context),
            playbook=await runs.best_match(self._context, incident, policy),
            bridge=self.bridge(delivery),
        )

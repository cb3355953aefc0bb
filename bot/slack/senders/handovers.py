"""Sends the messages about handing a role over: the request, its reminder, and the offer after a shift."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Handover
from bot.domain.incident.handover import from_payload, open_offers
from bot.domain.oncall import shift_change
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import RoleSettledPayload, ShiftOfferPayload
from bot.domain.routing.send_result import SendResult
from bot.slack.blocks import handover
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.visibility import can_see
from storage.outbox import receipts
from storage.outbox.payloads import read_payload
from storage.timeline import entries as timeline

OVER = "it was answered, or the role moved on, before it could be sent"
LATEST_SHOWN = 3


def _open_offer(delivery: Delivery) -> Handover | None:
    number = delivery.notice.payload["number"]
    return next((offer for offer in open_offers(delivery.incident) if offer.number == number), None)


def _offer(delivery: Delivery) -> Handover:
    return _open_offer(delivery) or from_payload(delivery.notice.payload)


def _reason_if_answered(delivery: Delivery) -> str | None:
    return None if _open_offer(delivery) else OVER


def _shift_offer_over(delivery: Delivery) -> str | None:
    payload = read_payload(delivery.notice, ShiftOfferPayload)
    offers = {(offer.user, offer.role) for offer in shift_change.open_offers(delivery.incident)}
    return None if (payload.person, payload.role) in offers else OVER


class HandoverSender(SenderBase):
    """Sends the request and the reminder, and edits them once they are settled."""

    @sends(NoticeKind.HANDOVER, failure="ask somebody to take a role over", unless=_reason_if_answered)
    async def handover(self, delivery: Delivery) -> SendResult:
        """Send the request to the person. In a private incident it is complete only once they are invited."""
        incident, offer = delivery.incident, _offer(delivery)
        async with self._context.database.reading() as conn:
            latest = await timeline.read(conn, incident.number, key_only=True, limit=50, newest=True)
            invited = await receipts.get(conn, routing.invitation(incident.number, offer.to).dedup_key) is not None
            inside = not incident.private or invited or await can_see(conn, incident, offer.to)
        updates = [record for record in latest if record.entry.kind == "update"]
        latest_entries = updates[-LATEST_SHOWN:] or latest[-LATEST_SHOWN:]
        message = handover.request(incident, delivery.policy, offer, latest_entries, delivery.now, inside=inside)
        return await self.post(delivery, await self._people.direct_channel(offer.to), message)

    @sends(NoticeKind.HANDOVER_NUDGE, failure="ask again to take a role over", unless=_reason_if_answered)
    async def handover_nudge(self, delivery: Delivery) -> SendResult:
        """Ask once more, in the channel, for an answer to an offered role."""
        message = handover.reminder(delivery.incident, delivery.policy, _offer(delivery))
        return await self.post_in_channel(delivery, message)

    @sends(NoticeKind.HANDOVER_EDIT, failure="edit the question to take a role over")
    async def handover_edit(self, delivery: Delivery) -> SendResult:
        """Replace an offer's buttons by how it was settled."""
        payload = read_payload(delivery.notice, RoleSettledPayload)
        message = handover.settled(delivery.incident, delivery.policy, payload.role, payload.outcome or "")
        return await self.edit_posted(payload.of, message)

    @sends(NoticeKind.SHIFT_OFFER, failure="offer to hand a role over", unless=_shift_offer_over)
    async def shift_offer(self, delivery: Delivery) -> SendResult:
        """Offer a role's holder directly to hand it over at the end of their shift."""
        payload = read_payload(delivery.notice, ShiftOfferPayload)
        to = await self._people.user_id(payload.to)
        name = await self._people.name(to)
        message = handover.shift_offer(delivery.incident, delivery.policy, payload, to, name)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends(NoticeKind.SHIFT_OFFER_EDIT, failure="edit the offer to hand a role over")
    async def shift_offer_edit(self, delivery: Delivery) -> SendResult:
        """Replace a shift offer's buttons by how it was settled."""
        payload = read_payload(delivery.notice, RoleSettledPayload)
        message = handover.shift_offer_settled(delivery.incident, delivery.policy, payload.role, payload.outcome or "")
        return await self.edit_posted(payload.of, message)

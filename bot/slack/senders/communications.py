"""Sends communications in Slack: to channels and people of an audience, and the receipt in the incident's channel."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.communications.communication import Communication, Group, Recipient
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import CommunicationPayload, CommunicationTestPayload
from bot.domain.routing.send_result import Failed, SendResult
from bot.slack.blocks import communications as blocks
from bot.slack.blocks.elements import Message
from bot.slack.directory import channels
from bot.slack.inbound.event_parser import permalink
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from storage import communications
from storage.outbox import receipts, settled
from storage.outbox.payloads import read_payload

GONE = Failed("the communication is not stored")


class CommunicationSlackSender(SenderBase):
    """Posts what a person wrote to an audience."""

    @sends(NoticeKind.COMMS_SLACK, failure="tell an audience", failure_to="tell")
    async def tell(self, delivery: Delivery) -> SendResult:
        """Post the message in a channel, or to one person directly."""
        payload = read_payload(delivery.notice, CommunicationPayload)
        communication = await self._communication(delivery)
        if communication is None:
            return GONE
        message = blocks.to_audience(communication, delivery.incident, await self._original(communication, payload))
        if payload.person is not None:
            return await self.post(delivery, await self._people.direct_channel(payload.person), message)
        channel = await channels.find_by_name(self._api, payload.address) or payload.address
        return await self._post_joined(delivery, channel, message)

    @sends(NoticeKind.COMMS_TEST, failure="send the test", failure_to="send the test to")
    async def test(self, delivery: Delivery) -> SendResult:
        """Send the message to its author alone."""
        payload = read_payload(delivery.notice, CommunicationTestPayload)
        message = blocks.test(payload.subject, payload.text, payload.audience, delivery.incident)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends(NoticeKind.COMMS_RECEIPT, failure="post who was told")
    async def receipt(self, delivery: Delivery) -> SendResult:
        """Post the record of a communication in the incident's channel."""
        communication = await self._communication(delivery)
        return (
            GONE
            if communication is None
            else await self.post_in_channel(delivery, await self._receipt(delivery, communication))
        )

    @sends(NoticeKind.COMMS_RECEIPT_EDIT, failure="keep the receipt up to date")
    async def receipt_edit(self, delivery: Delivery) -> SendResult:
        """Edit the receipt to what was delivered by now."""
        communication = await self._communication(delivery)
        if communication is None:
            return GONE
        key = routing.receipt_key(delivery.incident.number, communication.number)
        return await self.edit_posted(key, await self._receipt(delivery, communication))

    async def _receipt(self, delivery: Delivery, communication: Communication) -> Message:
        keys = {group: routing.communication_keys(communication, group) for group in Group}
        async with self._context.database.reading() as conn:
            states = await settled.states(conn, [key for group in keys.values() for key in group])
        by_group = {group: [states.get(key, "queued") for key in group_keys] for group, group_keys in keys.items()}
        return blocks.receipt(communication, delivery.incident, by_group)

    async def _communication(self, delivery: Delivery) -> Communication | None:
        number = read_payload(delivery.notice, CommunicationPayload).number
        async with self._context.database.reading() as conn:
            return await communications.get(conn, delivery.incident.number, number)

    async def _original(self, communication: Communication, payload: CommunicationPayload) -> str:
        """A line that links the message that this one corrects, as the same recipient got it; empty without one."""
        if communication.corrects is None:
            return ""
        group = Group.CHANNEL if payload.person is None else Group.DIRECT
        async with self._context.database.reading() as conn:
            original = await communications.get(conn, communication.incident, communication.corrects)
            if original is None:
                return ""
            key = routing.communication_key(original, Recipient(group, payload.person or payload.address))
            receipt = await receipts.get(conn, key)
        if receipt is None or "ts" not in receipt:
            return ""
        url = permalink(self._senders.identity, str(receipt["channel"]), str(receipt["ts"]))
        return blocks.correction_of(url or "", original.subject)

    async def _post_joined(self, delivery: Delivery, channel: str, message: Message) -> SendResult:
        """Post in a channel, which the bot joins if it has to."""
        return await channels.joining(self._api, channel, lambda: self.post(delivery, channel, message))

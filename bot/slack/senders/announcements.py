"""Sends messages outside the incident's channel: the announcement, briefings, problems of the policy file."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.domain import routing
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import BriefingPayload, OperatorsPayload, SettledPayload, UserPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.domain.values.outage_span import span_of
from bot.slack.blocks import announcement, briefing, digest, operators, policy_file
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackError
from bot.slack.directory import channels
from bot.slack.senders import post_once
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase, reason_if_ended
from bot.slack.senders.delays import spans
from bot.slack.senders.registry import sends, sends_without_incident
from bot.usecases.communications.draft import briefing_text
from storage import key_value
from storage.outbox import receipts
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

OUT_OF_REACH = ("not_in_channel", "channel_not_found", "is_archived")


def _open_again(delivery: Delivery) -> str | None:
    return "the incident is open again" if delivery.incident.open else None


class AnnouncementSender(SenderBase):
    """Posts and edits the announcement, executive briefings, and messages about the policy file."""

    @sends(NoticeKind.ANNOUNCE, failure="announce it")
    async def announce(self, delivery: Delivery) -> SendResult:
        """Post the announcement. If the channel is out of reach, look it up by name, join it, and store its ID."""
        message = await self._render(delivery)
        channel = await self._channel(delivery.policy)
        try:
            return await self.post(delivery, channel, message)
        except SlackError as error:
            if error.name not in OUT_OF_REACH:
                raise
            current = await channels.find_by_name(self._api, delivery.policy.announce or "")
            if current is None or (current == channel and error.name == "is_archived"):
                raise
            await channels.join(self._api, current)
        async with self._context.database.transaction() as conn:
            await key_value.announcement_channel(str(delivery.policy.announce)).put(conn, current)
        return await self.post(delivery, current, message)

    @sends(NoticeKind.ANNOUNCE_EDIT, failure="keep the announcement up to date")
    async def announce_edit(self, delivery: Delivery) -> SendResult:
        """Edit the announcement to the incident's present state."""
        key = routing.announcement_key(delivery.incident.number)
        replacement = next(iter(routing.announcement(delivery.incident, delivery.policy)), None)
        return await self.edit_or_post(key, lambda: self._render(delivery), replacement)

    async def _render(self, delivery: Delivery) -> Message:
        message = announcement.announcement(delivery.incident, delivery.policy, delivery.now)
        late = await self._was_late(delivery)
        return digest.announced_late(message, delivery.incident.declared_at) if late else message

    async def _was_late(self, delivery: Delivery) -> bool:
        """Whether the announcement could be posted only after an outage of Slack.

        One that Slack took just before the outage may be confirmed only afterwards: the time in its receipt counts.
        """
        key = routing.announcement_key(delivery.incident.number)
        async with self._context.database.reading() as conn:
            stored = await receipts.notice(conn, key)
            receipt = (await receipts.get_many(conn, [key])).get(key)
        span = None if stored is None else span_of(spans(delivery.outages, delivery.incident), stored.created_at)
        if span is None:
            return False
        return receipt is None or "ts" not in receipt or span.is_after(float(receipt["ts"]))

    @sends(NoticeKind.BRIEFING, failure="brief", failure_to="send the briefing to", unless=reason_if_ended)
    async def briefing(self, delivery: Delivery) -> SendResult:
        """Send a briefing to one executive as a direct message."""
        payload = read_payload(delivery.notice, BriefingPayload)
        message = await self._briefing(delivery, payload)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends_without_incident(NoticeKind.POLICY_REFUSED, failure="say that the policy file cannot be used")
    async def policy_refused(self, notice: ClaimedNotice) -> SendResult:
        """Post what is wrong with the policy file in the announcement channel."""
        if not self._context.policy.announce:
            return NotNeeded("there is no announcement channel")
        channel = await self._channel(self._context.policy)
        return await post_once.post(self._api, notice, channel, policy_file.refused(notice.payload))

    @sends_without_incident(NoticeKind.POLICY_VALID, failure="say that the policy file can be used again")
    async def policy_valid(self, notice: ClaimedNotice) -> SendResult:
        """Edit the message about an invalid policy file: it is valid again."""
        return await self.edit_posted(read_payload(notice, SettledPayload).of, policy_file.valid_again())

    @sends(NoticeKind.BRIEFING_EDIT, failure="edit a briefing")
    async def briefing_edit(self, delivery: Delivery) -> SendResult:
        """Edit a briefing to say how the incident ended."""
        key = read_payload(delivery.notice, SettledPayload).of
        async with self._context.database.reading() as conn:
            original = await receipts.notice(conn, key)
        if original is None:
            return NEVER_POSTED
        payload = read_payload(replace(delivery.notice, payload=original.payload), BriefingPayload)
        return await self.edit_posted(key, await self._briefing(delivery, payload))

    async def _briefing(self, delivery: Delivery, payload: BriefingPayload) -> Message:
        """The briefing as the template of the policy's audience for executives makes it now."""
        async with self._context.database.reading() as conn:
            text = await briefing_text(self._context, conn, delivery.incident, delivery.policy)
        return briefing.briefing(delivery.incident, delivery.policy, payload, text)

    @sends(NoticeKind.BRIEFING_OVER, failure="say how it ended", failure_to="say how it ended to", unless=_open_again)
    async def briefing_over(self, delivery: Delivery) -> SendResult:
        """Tell one executive directly that the incident is over."""
        person = read_payload(delivery.notice, UserPayload).user
        return await self.post(delivery, await self._people.direct_channel(person), briefing.over(delivery.incident))

    @sends_without_incident(NoticeKind.OPERATORS, failure="tell operators what to mend")
    async def operators(self, notice: ClaimedNotice) -> SendResult:
        """Say in the log and in the announcement channel which methods of paging could not be used."""
        gaps = read_payload(notice, OperatorsPayload).gaps
        log.warning("paging.methods_not_usable", detail="; ".join(gaps), hint="run tocsin check")
        if not self._context.policy.announce:
            return NotNeeded("there is no announcement channel")
        channel = await self._channel(self._context.policy)
        return await post_once.post(self._api, notice, channel, operators.paging_gaps(gaps))

    async def _channel(self, policy: Policy) -> str:
        """The announcement channel's ID if it is known, otherwise the name in the policy."""
        name = policy.announce or ""
        async with self._context.database.reading() as conn:
            channel = await key_value.announcement_channel(name).get(conn)
        return channel or name

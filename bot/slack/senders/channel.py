"""The incident's channel: created, described, filled with people, and backfilled from its history."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import BookmarkPayload, UserPayload
from bot.domain.routing.send_result import NotNeeded, SendResult, Sent
from bot.slack.blocks import card
from bot.slack.directory import channels
from bot.slack.inbound.backfill import Backfill, HistoryReads
from bot.slack.senders.base import Delivery, SenderBase, SenderContext
from bot.slack.senders.registry import sends
from bot.slack.text import clip
from storage.outbox.payloads import read_payload

TOPIC_LENGTH = 250
BOOKMARK_LENGTH = 256


class ChannelSender(SenderBase):
    """Sets up the incident's channel."""

    def __init__(self, senders: SenderContext) -> None:
        super().__init__(senders)
        self._reads = HistoryReads()

    @sends(NoticeKind.CHANNEL, failure="open the channel")
    async def channel(self, delivery: Delivery) -> SendResult:
        """Create the channel. The receipt has its ID and name, which may differ from the wanted one."""
        incident, notice = delivery.incident, delivery.notice
        if incident.channel_id:
            return Sent({"channel": incident.channel_id, "name": incident.channel_name})
        receipt = await channels.create(
            self._api,
            incident,
            delivery.policy,
            self._senders.identity.user_id,
            notice.created_at,
            look_first=notice.uncertain,
        )
        return Sent(receipt)

    @sends(NoticeKind.TOPIC, failure="set the topic")
    async def topic(self, delivery: Delivery) -> SendResult:
        """Set the channel's topic, clipped to Slack's limit."""
        topic = clip(card.topic(delivery.incident, delivery.policy), TOPIC_LENGTH)
        await self._api.call("conversations.setTopic", channel=delivery.incident.channel_id, topic=topic)
        return Sent()

    @sends(NoticeKind.PURPOSE, failure="set the purpose")
    async def purpose(self, delivery: Delivery) -> SendResult:
        """Set the channel's purpose, clipped to Slack's limit."""
        purpose = clip(card.purpose(delivery.incident), TOPIC_LENGTH)
        await self._api.call("conversations.setPurpose", channel=delivery.incident.channel_id, purpose=purpose)
        return Sent()

    @sends(NoticeKind.BOOKMARK, failure="add a bookmark")
    async def bookmark(self, delivery: Delivery) -> SendResult:
        """Add a bookmark of the policy, unless the channel has one with the same link."""
        incident, title = delivery.incident, read_payload(delivery.notice, BookmarkPayload).title
        link = delivery.policy.bookmarks[title].replace("{id}", incident.id).replace("{number}", str(incident.number))
        answer = await self._api.call("bookmarks.list", channel_id=incident.channel_id)
        if any(bookmark.get("link") == link for bookmark in answer.get("bookmarks", [])):
            return Sent()
        name = clip(title[:1].upper() + title[1:], BOOKMARK_LENGTH)
        await self._api.call("bookmarks.add", channel_id=incident.channel_id, title=name, type="link", link=link)
        return Sent()

    @sends(NoticeKind.INVITE, failure="invite")
    async def invite(self, delivery: Delivery) -> SendResult:
        """Invite one person. The bot itself, and a person who is there already, count as invited."""
        user = await self._people.user_id(read_payload(delivery.notice, UserPayload).user)
        if user == self._senders.identity.user_id:
            return Sent()
        channel = delivery.incident.channel_id
        await self.call_once("already_in_channel", "conversations.invite", channel=channel, users=user)
        return Sent()

    @sends(NoticeKind.BACKFILL, failure="read the channel's history")
    async def backfill(self, delivery: Delivery) -> SendResult:
        """Read the channel's history and record what was missed."""
        number, channel = delivery.incident.number, delivery.incident.channel_id
        if channel is None:
            return NotNeeded("there is no channel")
        reader = Backfill(self._context, self._api, self._senders.identity, number, channel)
        return Sent(await reader.run(self._reads))

"""The incident's channel: created, described, filled with people, and read for what was missed."""

from __future__ import annotations

from typing import Any

from bot.domain.errors import NotNeeded
from bot.domain.routing.notice import NoticeKind
from bot.slack.blocks import card
from bot.slack.directory import channels
from bot.slack.inbound.backfill import Backfill, HistoryReads
from bot.slack.senders.base import Delivery, SenderBase, SenderContext
from bot.slack.senders.registry import sends
from bot.slack.text import clip

TOPIC_LENGTH = 250
BOOKMARK_LENGTH = 256


class ChannelSender(SenderBase):
    """Sets up the incident's channel."""

    def __init__(self, senders: SenderContext) -> None:
        super().__init__(senders)
        self._reads = HistoryReads()

    @sends(NoticeKind.CHANNEL, failure="open the channel")
    async def channel(self, delivery: Delivery) -> dict[str, Any]:
        incident, notice = delivery.incident, delivery.notice
        if incident.channel_id:
            return {"channel": incident.channel_id, "name": incident.channel_name}
        return await channels.create(
            self._api,
            incident,
            delivery.policy,
            self._senders.identity.user_id,
            notice.created_at,
            look_first=notice.uncertain,
        )

    @sends(NoticeKind.TOPIC, failure="set the topic")
    async def topic(self, delivery: Delivery) -> dict[str, Any]:
        topic = clip(card.topic(delivery.incident, delivery.policy), TOPIC_LENGTH)
        await self._api.call("conversations.setTopic", channel=delivery.incident.channel_id, topic=topic)
        return {}

    @sends(NoticeKind.PURPOSE, failure="set the purpose")
    async def purpose(self, delivery: Delivery) -> dict[str, Any]:
        purpose = clip(card.purpose(delivery.incident), TOPIC_LENGTH)
        await self._api.call("conversations.setPurpose", channel=delivery.incident.channel_id, purpose=purpose)
        return {}

    @sends(NoticeKind.BOOKMARK, failure="add a bookmark")
    async def bookmark(self, delivery: Delivery) -> dict[str, Any]:
        incident, title = delivery.incident, delivery.notice.payload["title"]
        link = delivery.policy.bookmarks[title].replace("{id}", incident.id).replace("{number}", str(incident.number))
        answer = await self._api.call("bookmarks.list", channel_id=incident.channel_id)
        if any(bookmark.get("link") == link for bookmark in answer.get("bookmarks", [])):
            return {}
        name = clip(title[:1].upper() + title[1:], BOOKMARK_LENGTH)
        await self._api.call("bookmarks.add", channel_id=incident.channel_id, title=name, type="link", link=link)
        return {}

    @sends(NoticeKind.INVITE, failure="invite")
    async def invite(self, delivery: Delivery) -> dict[str, Any]:
        user = await self._people.user_id(delivery.notice.payload["user"])
        if user == self._senders.identity.user_id:
            return {}
        channel = delivery.incident.channel_id
        await self.call_once("already_in_channel", "conversations.invite", channel=channel, users=user)
        return {}

    @sends(NoticeKind.BACKFILL, failure="read the channel's history")
    async def backfill(self, delivery: Delivery) -> dict[str, Any]:
        number, channel = delivery.incident.number, delivery.incident.channel_id
        if channel is None:
            raise NotNeeded("there is no channel")
        return await Backfill(self._context, self._api, self._senders.identity, number, channel).run(self._reads)

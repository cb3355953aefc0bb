"""Creates the incident's channel, sets its topic and bookmarks, invites people, and reads its history."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.incident import ChannelLoss
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import (
    BookmarkPayload,
    ChannelLookPayload,
    ChannelLostPayload,
    MemberRemovedPayload,
    MovedPayload,
    UserPayload,
)
from bot.domain.routing.send_result import NotNeeded, SendResult, Sent
from bot.domain.timeline.entry import BOT
from bot.slack.blocks import bookmarks, card, channel_loss
from bot.slack.directory import channels
from bot.slack.inbound.backfill import Backfill, HistoryReads
from bot.slack.senders.base import Delivery, SenderBase, SenderContext
from bot.slack.senders.registry import sends
from bot.slack.text import clip
from bot.usecases.incidents.channel import lose_channel, regain_channel
from bot.usecases.incidents.record import compare_members
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

    @sends(NoticeKind.CHANNEL_LOOK, failure="look at the channel")
    async def look(self, delivery: Delivery) -> SendResult:
        """Ask Slack about the channel, after an event or a refusal."""
        await self._look(delivery, read_payload(delivery.notice, ChannelLookPayload))
        return Sent()

    async def _look(self, delivery: Delivery, payload: ChannelLookPayload) -> ChannelLoss | None:
        """Ask Slack about the channel, and record what has changed. Returns why it cannot be used."""
        incident = delivery.incident
        if incident.channel_id is None:
            return incident.channel_lost
        view = await channels.look(self._api, incident.channel_id, private=incident.private)
        if view.loss is None and incident.private:
            in_channel = await channels.members(self._api, incident.channel_id)
            await compare_members(self._context, incident.number, in_channel)
        if view.loss is None and incident.channel_lost is None and not view.joined:
            return None
        if view.loss is None:
            await regain_channel(self._context, incident.number, joined=view.joined)
        elif view.loss is ChannelLoss.REMOVED and payload.loss == ChannelLoss.DELETED:  # a private one looks the same
            await lose_channel(self._context, incident.number, ChannelLoss.DELETED, payload.by or BOT)
        else:
            await lose_channel(self._context, incident.number, view.loss, payload.by or BOT)
        return view.loss

    @sends(NoticeKind.CHANNEL_LOST, failure="say that the channel is lost", failure_to="tell of the lost channel")
    async def lost(self, delivery: Delivery) -> SendResult:
        """Tell the commander or the reporter that the channel cannot be used."""
        payload = read_payload(delivery.notice, ChannelLostPayload)
        message = channel_loss.lost(delivery.incident, payload, self._senders.command)
        if delivery.incident.channel_lost is None:
            delivery = replace(delivery, unless="the channel was back before it could be sent")
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends(NoticeKind.MEMBER_REMOVED, failure="say who left", failure_to="say who left to")
    async def member_removed(self, delivery: Delivery) -> SendResult:
        """Tell one person in a private incident that another has left it."""
        payload = read_payload(delivery.notice, MemberRemovedPayload)
        if payload.user not in delivery.incident.removed:
            delivery = replace(delivery, unless="they were back before it could be sent")
        message = channel_loss.member_removed(delivery.incident, delivery.policy, payload.user, self._senders.command)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends(NoticeKind.MOVED, failure="take the buttons off a message that is in the channel now")
    async def moved(self, delivery: Delivery) -> SendResult:
        """Edit a direct message whose content is posted in the channel now."""
        payload = read_payload(delivery.notice, MovedPayload)
        return await self.edit(payload.to_json(), channel_loss.moved(delivery.incident))

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
        """Add a bookmark of the incident, or give the one that Tocsin added before the address that it has now."""
        incident, title = delivery.incident, read_payload(delivery.notice, BookmarkPayload).title
        link = bookmarks.address(title, incident, delivery.policy, self._senders.identity.team_id)
        if link is None and title == routing.REVIEW_BOOKMARK:
            receipt = await self.posted(routing.review_key(incident.number))
            link = bookmarks.permalink(self._senders.identity.url, receipt) if receipt else None
        if link is None:
            return NotNeeded("the policy has no such bookmark any more, or there is no channel for its huddle")
        answer = await self._api.call("bookmarks.list", channel_id=incident.channel_id)
        present = answer.get("bookmarks", [])
        if any(bookmark.get("link") == link for bookmark in present):
            return Sent()
        name, channel = clip(title[:1].upper() + title[1:], BOOKMARK_LENGTH), incident.channel_id
        app = self._senders.identity.app_id
        own = [bookmark for bookmark in present if (bookmark["title"], bookmark.get("app_id")) == (name, app)]
        if own:
            await self._api.call("bookmarks.edit", channel_id=channel, bookmark_id=own[0]["id"], link=link)
        else:
            await self._api.call("bookmarks.add", channel_id=channel, title=name, type="link", link=link)
        return Sent()

    @sends(NoticeKind.INVITE, failure="invite")
    async def invite(self, delivery: Delivery) -> SendResult:
        """Invite one person. The bot itself, and a person who is in the channel already, count as invited."""
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
        if not self._reads.under_way(channel):
            loss = await self._look(delivery, ChannelLookPayload())
            if loss not in (None, ChannelLoss.ARCHIVED):  # the history of an archived channel can be read
                return NotNeeded("the channel cannot be read; it is read when it is back")
        request = delivery.notice.version
        reader = Backfill(self._context, self._api, self._senders.identity, number, channel, request)
        return Sent(await reader.run(self._reads))

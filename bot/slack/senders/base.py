"""Defines the base class of the senders, the context that they share, and calls that several of them make.

A sender renders a notice and sends it to Slack.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import aiohttp

from bot.domain.incident import ChannelLoss, Incident
from bot.domain.incident.channel import stand_in
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.send_result import NotNeeded, Retry, SendResult, Sent
from bot.domain.timeline.entry import BOT
from bot.domain.values.outage_span import OutageSpan
from bot.slack.blocks import bookmarks, channel_loss, digest
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory.people import People
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.senders import post_once
from bot.usecases.context import Context
from bot.usecases.outage import Outage
from bot.usecases.visibility import can_see
from storage.engine.batch_loader import BatchLoader
from storage.outbox import enqueue, receipts
from storage.outbox.queue import ClaimedNotice

# These say that they waited for Slack. Cards, reminders and questions show the present, whenever they go out.
STAMPED = frozenset(
    {
        NoticeKind.NEWS, NoticeKind.UPDATE, NoticeKind.THREAD, NoticeKind.BRIEFING, NoticeKind.COMMS_SLACK,
        NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_ELSEWHERE, NoticeKind.ALERT_PAGE,
    }
)  # fmt: skip
DELETED = ("message_not_found", "cant_update_message")  # Slack's errors for editing a message that is gone
MESSAGE_DELETED = NotNeeded("the message was deleted")
NOBODY_INSIDE = NotNeeded("there is nobody who could read it instead")
NEVER_POSTED = NotNeeded("the message that it belongs to was never posted")


@dataclass(frozen=True, slots=True)
class KnownOutages:
    """The present outage of Slack, and the past ones, the latest first."""

    current: Outage | None = None
    past: tuple[OutageSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed notice about an incident, with the incident and its policy as read for this attempt."""

    notice: ClaimedNotice
    incident: Incident
    policy: Policy
    now: datetime
    unless: str | None = None  # no longer needed, for this reason; but an earlier attempt may have posted it
    instead_of: dict[str, Any] | None = None  # the receipt of a message to edit instead of posting a new one
    late: OutageSpan | None = None  # the outage of Slack that it waited for
    outages: KnownOutages = KnownOutages()
    needless: Callable[[], Awaitable[str | None]] | None = None  # asked just before it is posted: why it need not be


class SenderContext:
    """The context that all senders share: the Slack client, the bot's identity, and caches of people and receipts."""

    def __init__(
        self,
        context: Context,
        api: SlackApi,
        people: People,
        identity: BotIdentity,
        session: aiohttp.ClientSession,
        command: str,
    ) -> None:
        self.context = context
        self.api = api
        self.people = people
        self.identity = identity
        self.session = session  # for response URLs, which are no API methods
        self.command = command  # the slash command, as named in messages
        self.methods: dict[NoticeKind, Callable[[Any], Awaitable[SendResult]]] = {}  # of all senders, by kind
        self.receipts = BatchLoader(context.database.reading, receipts.get_many)


class SenderBase:
    """Base of the senders. A subclass registers its methods with `@sends`."""

    def __init__(self, senders: SenderContext) -> None:
        self._senders = senders
        self._context = senders.context
        self._api = senders.api
        self._people = senders.people

    def bridge(self, delivery: Delivery) -> str:
        """The link to the incident's call, as mrkdwn; empty if there is none."""
        return bookmarks.bridge(delivery.incident, delivery.policy, self._senders.identity.team_id)

    async def post(
        self, delivery: Delivery, channel: str, message: Message, thread_ts: str | None = None
    ) -> SendResult:
        """Post exactly once; nothing new if `delivery.unless` is set, or `delivery.needless` gives a reason."""
        if delivery.late is not None and delivery.notice.kind in STAMPED:
            written_at = self._context.clock.at(delivery.notice.created_at.timestamp())
            message = digest.with_delay_note(message, written_at)
        if delivery.instead_of is not None:
            return await self.edit(delivery.instead_of, message)
        return await post_once.post(
            self._api, delivery.notice, channel, message, thread_ts, unless=delivery.unless, needless=delivery.needless
        )

    async def post_in_channel(self, delivery: Delivery, message: Message) -> SendResult:
        """Post in the incident's channel; directly to one person while the channel cannot be used."""
        incident, destination = delivery.incident, await self.destination(delivery)
        if destination is None:
            return NOBODY_INSIDE
        if destination == incident.channel_id:
            return await self.post(delivery, destination, message)
        if delivery.notice.uncertain and (earlier := await self._in_lost_channel(delivery)):
            return earlier
        result = await self.post(delivery, destination, channel_loss.elsewhere(incident, message))
        return Sent({**result.receipt, "redirected": True}) if isinstance(result, Sent) else result

    async def post_in_thread(
        self, delivery: Delivery, receipt: dict[str, Any] | None, message: Message, parent: Notice
    ) -> SendResult:
        """Post in the thread of a message in the incident's channel, given by its receipt; else outside a thread."""
        incident = delivery.incident
        in_channel = receipt is not None and receipt["channel"] == incident.channel_id
        if receipt is None or not in_channel or delivery.notice.redirected or incident.channel_lost is not None:
            return await self.post_in_channel(delivery, message)
        return await self.post_under(delivery, receipt, message, parent)

    async def post_under(
        self, delivery: Delivery, receipt: dict[str, Any], message: Message, parent: Notice
    ) -> SendResult:
        """Post under the message of `parent`, which is posted again where somebody deleted it."""
        try:
            return await self.post(delivery, receipt["channel"], message, receipt["ts"])
        except SlackError as error:
            if error.name != "thread_not_found":
                raise
        await self.post_again(parent, receipt)
        return Retry("the message that it goes under had been deleted")

    async def edit(self, receipt: dict[str, Any], message: Message) -> SendResult:
        """Edit the message that a receipt names; `MESSAGE_DELETED` where somebody deleted it. Repeating it is safe."""
        try:
            return await post_once.edit(self._api, receipt, message)
        except SlackError as error:
            if error.name not in DELETED:
                raise
        return MESSAGE_DELETED

    async def post_again(self, notice: Notice, deleted: dict[str, Any]) -> SendResult:
        """Queue a notice anew whose message, given by its receipt, somebody deleted: the result of its edit.

        Nothing is queued if it waits already, or was posted again since the receipt was read.
        """
        async with self._context.database.transaction() as conn:
            posted = await receipts.lock_posted(conn, notice.dedup_key)
            if posted is None or posted.get("ts") != deleted["ts"]:
                return Retry("the message had been deleted, and is posted again just now")
            await enqueue.put(conn, [replace(notice, resend=True)])
        self._context.wakeups.outbox.set()
        return NotNeeded("the message had been deleted; it is posted again")

    async def edit_posted(self, dedup_key: str, message: Message) -> SendResult:
        """Edit the message that the notice with this key posted."""
        receipt = await self.posted(dedup_key)
        return NEVER_POSTED if receipt is None else await self.edit(receipt, message)

    async def edit_or_post(
        self, dedup_key: str, render: Callable[[], Awaitable[Message]], replacement: Notice | None
    ) -> SendResult:
        """Edit the message that the notice with this key posted; if somebody deleted it, `replacement` is posted.

        The text is rendered only if there is a message to edit.
        """
        receipt = await self.posted(dedup_key)
        if receipt is None:
            return NEVER_POSTED
        result = await self.edit(receipt, await render())
        return await self.post_again(replacement, receipt) if replacement and result is MESSAGE_DELETED else result

    async def posted(self, dedup_key: str) -> dict[str, Any] | None:
        """The receipt of a message. None where it was never posted."""
        receipt = await self._senders.receipts.get(dedup_key)
        return receipt if receipt is not None and "ts" in receipt else None

    async def destination(self, delivery: Delivery) -> str | None:
        """The incident's channel; the direct messages of the reporter or commander if it cannot be used."""
        incident = delivery.incident
        usable = incident.channel_lost is None and not delivery.notice.redirected
        if incident.channel_id is not None and usable:
            return incident.channel_id
        person = stand_in(incident)
        if person == BOT:  # an alert declared it, and nobody leads it yet
            return None if incident.private else delivery.policy.announce
        return None if person is None else await self._people.direct_channel(person)

    async def _in_lost_channel(self, delivery: Delivery) -> Sent | None:
        """The message that an earlier attempt posted before the channel was lost. None if it cannot be read."""
        incident = delivery.incident
        if incident.channel_id is None or incident.channel_lost is ChannelLoss.DELETED:
            return None
        try:
            earlier = await post_once.find(self._api, delivery.notice, incident.channel_id)
        except SlackError as error:
            if not error.permanent:
                raise
            return None
        return earlier if isinstance(earlier, Sent) else None

    async def may_see(self, incident: Incident, user: str) -> bool:
        """Whether this user may read about the incident. Everybody may, unless it is private."""
        async with self._context.database.reading() as conn:
            return await can_see(conn, incident, user)

    async def call_once(self, done_already: str, method: str, **args: Any) -> None:
        """Call a method whose effect may exist already: Slack's error `done_already` counts as success."""
        try:
            await self._api.call(method, **args)
        except SlackError as error:
            if error.name != done_already:
                raise


def reason_if_ended(delivery: Delivery) -> str | None:
    """The reason to drop a notice that only an open incident needs; None while it is open."""
    incident = delivery.incident
    return None if incident.open else f"the incident was {incident.status} before it could be sent"

"""Passes each claimed notice to the sender that is registered for its kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp

from bot.domain import routing
from bot.domain.incident import ChannelLoss, Incident
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import Deferred, Failed, Held, NotNeeded, Retry, SendResult, result_of
from bot.slack.client import error_messages, rate_limiter
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.rate_window import Caller
from bot.slack.directory.accounts import AccountLog
from bot.slack.directory.channels import OUT_OF_REACH
from bot.slack.directory.people import People
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.senders import delays
from bot.slack.senders.actions import ActionSender
from bot.slack.senders.alert_pages import AlertPageSender
from bot.slack.senders.alerts import AlertSender
from bot.slack.senders.announcements import AnnouncementSender
from bot.slack.senders.base import Delivery, SenderBase, SenderContext
from bot.slack.senders.card import CardSender
from bot.slack.senders.channel import ChannelSender
from bot.slack.senders.communications import CommunicationSlackSender
from bot.slack.senders.continuations import ContinuationSender
from bot.slack.senders.covers import CoverSender
from bot.slack.senders.digests import DigestSender
from bot.slack.senders.ephemeral import AnswerSender
from bot.slack.senders.handovers import HandoverSender
from bot.slack.senders.home import HomeSender
from bot.slack.senders.jobs import JobSender
from bot.slack.senders.news import NewsSender
from bot.slack.senders.pages import SlackPageSender
from bot.slack.senders.playbook_runs import PlaybookRunSender
from bot.slack.senders.registry import REGISTRY, failed_step, registered_by
from bot.slack.senders.reminders import ReminderSender
from bot.slack.senders.review_canvas import ReviewCanvasSender
from bot.slack.senders.reviews import ReviewSender
from bot.slack.senders.rewrites import RewriteSender
from bot.slack.senders.shadow import ShadowReportSender
from bot.slack.senders.status_page import StatusPageSender
from bot.slack.senders.triage import TriageSender
from bot.slack.senders.unfurls import UnfurlSender
from bot.slack.senders.usergroups import UsergroupSender
from bot.slack.senders.week import WeeklyDigestSender
from bot.usecases.context import Context
from bot.usecases.incidents.channel import look_at_channel
from storage import incidents
from storage.engine.batch_loader import BatchLoader
from storage.outbox.queue import ClaimedNotice

SENDERS: tuple[type[SenderBase], ...] = (
    ActionSender,
    ShadowReportSender,
    WeeklyDigestSender,
    AlertSender,
    AlertPageSender,
    AnnouncementSender,
    AnswerSender,
    CardSender,
    CommunicationSlackSender,
    ContinuationSender,
    ChannelSender,
    DigestSender,
    HandoverSender,
    HomeSender,
    JobSender,
    NewsSender,
    SlackPageSender,
    PlaybookRunSender,
    ReminderSender,
    ReviewCanvasSender,
    ReviewSender,
    UnfurlSender,
    RewriteSender,
    StatusPageSender,
    TriageSender,
    UsergroupSender,
    CoverSender,
)


# The field of the payload that names the one person to whom a notice goes. It would be theirs to read in private.
ADDRESSEES: dict[str, str] = {
    NoticeKind.INVITE: "user",
    NoticeKind.ACTION_ASSIGNED: "person",
    NoticeKind.REVIEW_QUESTIONS: "person",
    NoticeKind.DUTIES: "user",
    NoticeKind.DECLARED: "user",
    NoticeKind.PAGE_DIRECT: "person",
    NoticeKind.BRIEFING: "person",
    NoticeKind.APPROVAL: "person",
    NoticeKind.COMMS_SLACK: "person",
    NoticeKind.COMMS_TEST: "person",
    NoticeKind.HANDOVER: "to",
    NoticeKind.SHIFT_OFFER: "person",
    NoticeKind.CHANNEL_LOST: "person",
    NoticeKind.MEMBER_REMOVED: "person",
}
# Kinds whose sender makes one call of a method that replicas share. While this replica's part is used up, another may
# send them.
OFFERED_KINDS = frozenset({NoticeKind.CHANNEL})
OUTSIDE = "they are not in the private incident's channel any more"


class Dispatcher:
    """Sends one notice at each `send`. Errors of Slack become results; only the database's errors are raised."""

    def __init__(
        self,
        context: Context,
        api: SlackApi,
        identity: BotIdentity,
        session: aiohttp.ClientSession,
        command: str = "/incident",
    ) -> None:
        self._context = context
        self._incidents = BatchLoader(context.database.reading, incidents.get_many)
        self._outages = BatchLoader(context.database.reading, delays.stored_outages)
        self._people = People(api, AccountLog(context))
        self._shared = shared = SenderContext(context, api, self._people, identity, session, command)
        self._methods: dict[NoticeKind, Callable[[Any], Awaitable[SendResult]]] = {
            registration.kind: getattr(sender, registration.method.__name__)
            for sender in (sender_type(shared) for sender_type in SENDERS)
            for registration in registered_by(type(sender))
        }
        shared.methods.update(self._methods)

    async def send(self, notice: ClaimedNotice) -> SendResult:
        """1. Find the sender. 2. Read the incident. 3. Drop a notice that is not needed. 4. Render and call Slack."""
        # Each notice is sent in a task of its own, and so has this variable to itself.
        offered = notice.kind in OFFERED_KINDS and self._shared.api.rate_limiter.replicas > 1
        name = "" if offered else notice.dedup_key  # what another replica may send keeps no place in the queue of this
        rate_limiter.current_caller.set(Caller(name, notice.incident, notice.priority))
        if notice.kind not in self._methods:
            return Retry(f"this version cannot send notices of the kind {notice.kind}; a newer one may")
        registration = REGISTRY[NoticeKind(notice.kind)]
        method = self._methods[registration.kind]
        delivery: Delivery | None = None
        try:
            if not registration.about_incident:
                return await method(notice)
            if (delivery := await self._delivery(notice)) is None:
                return Failed(f"there is no incident for {notice.dedup_key}")
            decision = await self._decision(delivery)
            if not isinstance(decision, Delivery):
                return decision
            delivery = decision
            return await method(delivery)
        except SlackError as error:
            if delivery is not None and error.name in OUT_OF_REACH and error.channel == delivery.incident.channel_id:
                return await self._out_of_reach(delivery.incident, error)
            refused = error.permanent or error.blocked
            result = result_of(error, error_messages.describe_failure(error, failed_step(notice)) if refused else None)
            if isinstance(result, Deferred) and not result.blocked:
                result = replace(result, offered=offered)
            return result

    async def _decision(self, delivery: Delivery) -> Deferred | NotNeeded | Delivery:
        """The delivery if it may go on, else how long it waits, or why it is not needed."""
        decision = await delays.withheld(self._shared, delivery)
        if isinstance(decision, Deferred):
            return decision
        notice = decision.notice
        if reason := await self._needless(decision):
            if not notice.uncertain or (reason == OUTSIDE and notice.kind == NoticeKind.INVITE):
                return NotNeeded(reason)
            return replace(decision, unless=reason)
        asked_again = notice.kind in delays.PAGES
        return replace(decision, needless=partial(self._needless_by_now, decision)) if asked_again else decision

    async def _needless(self, delivery: Delivery) -> str | None:
        """Why the notice need not be sent; None while it is needed."""
        if await self._addressee_was_removed(delivery):
            return OUTSIDE
        return REGISTRY[NoticeKind(delivery.notice.kind)].unless(delivery) or delays.reason_if_answered(delivery)

    async def _needless_by_now(self, delivery: Delivery) -> str | None:
        """The same of the incident as it is now: people may have answered while Slack was asked for the channel."""
        incident = await self._incidents.get(delivery.incident.number)
        return None if incident is None else await self._needless(replace(delivery, incident=incident))

    async def _addressee_was_removed(self, delivery: Delivery) -> bool:
        """Whether the notice would tell a private incident to somebody who was removed from its channel."""
        name = delivery.notice.payload.get(ADDRESSEES.get(delivery.notice.kind, ""))
        if not delivery.incident.removed or not isinstance(name, str):
            return False
        return await self._people.user_id(name) in delivery.incident.removed

    async def _out_of_reach(self, incident: Incident, error: SlackError) -> SendResult:
        """The result for a notice that needs the channel itself, which is lost or was just now."""
        if incident.channel_lost is ChannelLoss.DELETED:
            return NotNeeded("its channel was deleted")
        if incident.channel_lost is not None:
            return Held(f"{error}; it waits until the channel is back", routing.back_key(incident.number))
        await look_at_channel(self._context, incident.number)
        return Retry(f"{error}; Slack is asked about the channel first")

    async def _delivery(self, notice: ClaimedNotice) -> Delivery | None:
        incident = await self._incidents.get(notice.incident) if notice.incident is not None else None
        if incident is None:
            return None
        policy = self._context.policies.cached(incident)
        if policy is None:
            async with self._context.database.reading() as conn:
                policy = await self._context.policies.of(conn, incident)
        outages = await delays.known_outages(self._context, self._outages, notice)
        late = delays.waited_for(outages, incident, notice)
        return Delivery(notice, incident, policy, self._context.clock.now(), late=late, outages=outages)

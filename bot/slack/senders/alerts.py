"""Posts and edits the alert card and the alerts message of an incident, as they are when they are sent."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.alerts.view import GroupView
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import AlertGroupPayload, ProposalPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks.alerts import card, listing, proposal
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackError
from bot.slack.directory import channels
from bot.slack.senders import post_once
from bot.slack.senders.base import Delivery, SenderBase, reason_if_ended
from bot.slack.senders.registry import sends, sends_without_incident
from bot.usecases.queries import alert_facts, alerts
from storage import key_value
from storage.alerts import groups, proposals
from storage.alerts.proposals import Proposal, ProposalState
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

OUT_OF_REACH = ("not_in_channel", "channel_not_found")


class AlertSender(SenderBase):
    """Posts and edits messages about alerts."""

    @sends_without_incident(NoticeKind.ALERT_CARD, failure="ask about alerts")
    async def card(self, notice: ClaimedNotice) -> SendResult:
        """Post the card in the route's channel, else in the announcement channel. A public channel is joined."""
        rendered = await self._card(notice)
        if rendered is None:
            return NotNeeded("the group is gone")
        view, message = rendered
        name = view.group.channel or self._context.policy.announce
        if name is None:
            return NotNeeded("its route has no channel, and there is no announcement channel")
        async with self._context.database.reading() as conn:
            channel = await key_value.announcement_channel(name).get(conn) or name
        try:
            return await post_once.post(self._api, notice, channel, message)
        except SlackError as error:
            if error.name not in OUT_OF_REACH:
                raise
            channel_id = await channels.find_by_name(self._api, name)
            if channel_id is None:
                raise
            await channels.join(self._api, channel_id)
        return await post_once.post(self._api, notice, channel_id, message)

    @sends_without_incident(NoticeKind.ALERT_CARD_EDIT, failure="keep the card about alerts up to date")
    async def card_edit(self, notice: ClaimedNotice) -> SendResult:
        """Edit the card to what is true now."""
        group = read_payload(notice, AlertGroupPayload).group
        rendered = await self._card(notice)
        if rendered is None:
            return NotNeeded("the group is gone")
        return await self.edit_posted(routing.alert_card_key(group), rendered[1])

    @sends(NoticeKind.ALERTS, failure="list the alerts")
    async def alerts(self, delivery: Delivery) -> SendResult:
        """Post the list of the incident's groups in its channel."""
        return await self.post_in_channel(delivery, await self._listing(delivery))

    @sends(NoticeKind.ALERTS_EDIT, failure="keep the list of alerts up to date")
    async def alerts_edit(self, delivery: Delivery) -> SendResult:
        """Edit the list. One that somebody deleted is posted again while the incident is open."""
        number = delivery.incident.number
        replacement = routing.alerts_posted(number) if delivery.incident.open else None
        return await self.edit_or_post(routing.alerts_key(number), lambda: self._listing(delivery), replacement)

    @sends(NoticeKind.ALERTS_RESOLVED, failure="ask whether it is resolved", unless=reason_if_ended)
    async def resolved(self, delivery: Delivery) -> SendResult:
        """Ask in the incident's channel whether it is resolved, as long as no alert fires again."""
        turn = read_payload(delivery.notice, ProposalPayload).turn
        question = await self._proposal(delivery)
        if question is None or question.turn != turn or question.state is not ProposalState.ASKED:
            delivery = replace(delivery, unless="alerts fire again")
        return await self.post_in_channel(delivery, proposal.proposal(delivery.incident, turn))

    @sends(NoticeKind.ALERTS_RESOLVED_EDIT, failure="take the buttons off a question")
    async def resolved_edit(self, delivery: Delivery) -> SendResult:
        """Say what became of the question."""
        turn, question = read_payload(delivery.notice, ProposalPayload).turn, await self._proposal(delivery)
        kept_open_by = question.answered_by if question is not None and question.turn == turn else None
        message = proposal.settled(delivery.incident, kept_open_by)
        return await self.edit_posted(routing.proposal_key(delivery.incident.number, turn), message)

    async def _proposal(self, delivery: Delivery) -> Proposal | None:
        async with self._context.database.reading() as conn:
            return await proposals.of_incident(conn, delivery.incident.number)

    async def _card(self, notice: ClaimedNotice) -> tuple[GroupView, Message] | None:
        async with self._context.database.reading() as conn:
            view = await alerts.view(conn, read_payload(notice, AlertGroupPayload).group)
        if view is None:
            return None
        now = self._context.clock.now()
        facts = await alert_facts.gather(self._context, view.group)
        return view, card.card(view, facts, self._context.policy, now, self._senders.command)

    async def _listing(self, delivery: Delivery) -> Message:
        async with self._context.database.reading() as conn:
            views = await alerts.of_incident(conn, delivery.incident.number)
            totals = await groups.totals(conn, delivery.incident.number)
        return listing.in_incident(views, totals, delivery.policy, delivery.now, self._senders.command)

"""Builds the outbox, with a sender for each kind of notice."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from bot import trackers, wikis
from bot.bootstrap.base import Base
from bot.domain.routing.notice import (
    COPY_KINDS,
    INVITE_KINDS,
    MAIL_KINDS,
    PAGER_KINDS,
    SHEET_KINDS,
    SUBSCRIBER_MAIL_KINDS,
    SUBSCRIBER_WEBHOOK_KINDS,
    TICKET_KINDS,
    WEBHOOK_KINDS,
    WIKI_KINDS,
)
from bot.domain.routing.send_result import SendResult, Sent
from bot.integrations.statuspage import Statuspage
from bot.senders.communications import CommunicationSender
from bot.senders.invitations import InvitationSender
from bot.senders.pages import PageSender
from bot.senders.sheet import SheetSender
from bot.senders.statuspage import StatuspageSender
from bot.senders.subscriber_webhooks import SubscriberWebhookSender
from bot.senders.subscribers import SubscriberSender
from bot.senders.tickets import TicketSender
from bot.senders.webhooks import WebhookSender
from bot.senders.wikis import WikiSender
from bot.slack.directory.mail_addresses import mail_address_of
from bot.slack.inbound.socket_mode import SocketPool
from bot.slack.senders.dispatch import Dispatcher
from bot.workers.outbox import Outbox, Send
from storage.outbox.queue import ClaimedNotice

# Posts that come back to us as events.
IN_CHANNEL = frozenset({"card", "news", "update", "nudge", "page_channel", "comms_receipt", "status_receipt"})


def outbox_of(
    base: Base,
    sockets: SocketPool | None,
    pages: PageSender,
    mails: CommunicationSender,
    statuspage: Callable[[], Statuspage | None],
) -> Outbox:
    """The outbox. Kinds without a sender of their own go to Slack."""
    metrics, settings = base.metrics, base.settings
    dispatcher = Dispatcher(base.context, base.api, base.me, base.session, settings.tocsin_command)
    senders = _senders_of_kinds(
        (PAGER_KINDS, pages.send),
        (MAIL_KINDS, mails.send),
        (SUBSCRIBER_MAIL_KINDS, SubscriberSender(base.context, lambda: pages.notifiers).send),
        (SHEET_KINDS, SheetSender(base.context, lambda: pages.notifiers).send),
        (SUBSCRIBER_WEBHOOK_KINDS, SubscriberWebhookSender(base.context).send),
        (
            INVITE_KINDS,
            InvitationSender(base.context, lambda: pages.notifiers, partial(mail_address_of, base.api)).send,
        ),
        (TICKET_KINDS, TicketSender(base.context, lambda: trackers.build(base.live.current, base.session)).send),
        (WIKI_KINDS, WikiSender(base.context, lambda: wikis.build(base.live.current, base.session)).send),
        (COPY_KINDS, StatuspageSender(base.context, statuspage).send),
        (WEBHOOK_KINDS, WebhookSender(base.context, base.session).send),
    )

    async def send(row: ClaimedNotice) -> SendResult:
        result = await senders.get(row.kind, dispatcher.send)(row)
        channel = str(result.receipt.get("channel", "")) if isinstance(result, Sent) else ""
        if sockets is not None and row.kind in IN_CHANNEL and channel.startswith(("C", "G")):
            sockets.note_post()
        return result

    return Outbox(
        base.context,
        send,
        observe=lambda outcome: metrics.outbox_results.labels(outcome.kind, outcome.result).inc(),
        claimed=lambda row: metrics.claimed("notice", row.reclaimed),
    )


def _senders_of_kinds(*senders: tuple[Collection[str], Send]) -> dict[str, Send]:
    """The sender of each kind of notice that does not go to Slack."""
    return {str(kind): send for kinds, send in senders for kind in kinds}

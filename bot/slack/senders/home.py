"""Publishes a person's home tab, rendered at the time it is published."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.figures.load import recent_pages
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import UserPayload
from bot.domain.routing.send_result import SendResult, Sent
from bot.slack.blocks.home import ITEMS, OPEN, Viewer, home
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.oncall import calendar_feeds
from bot.usecases.queries.actions import find_live
from bot.usecases.queries.find_incidents import find_incidents
from storage import directory, figures, overrides
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

MONTH = timedelta(days=30)
INVOLVED = 100  # open incidents that name a person


class HomeSender(SenderBase):
    """Publishes home tabs."""

    @sends_without_incident(NoticeKind.HOME, failure="publish a home tab")
    async def home(self, notice: ClaimedNotice) -> SendResult:
        """Publish the tab. Safe to repeat: Slack replaces the whole view."""
        user, now = read_payload(notice, UserPayload).user, self._context.clock.now()
        async with self._context.database.reading() as conn:
            addresses = frozenset({user, *await directory.addresses_of(conn, user)})
            worst_first = [level.key for level in self._context.policy.severities]
            open_incidents = await find_incidents(conn, user, worst_first=worst_first, limit=OPEN)
            involved = await find_incidents(conn, user, worst_first=worst_first, naming=addresses, limit=INVOLVED)
            covers = await overrides.in_force(conn, now)
            links = await calendar_feeds.links(conn, self._context, user)
            pages, complete = await figures.recent_pages(conn, now - MONTH)
            own = await find_live(conn, user, owner=user, limit=ITEMS)
        viewer = Viewer(
            user, addresses, open_incidents.incidents, involved.incidents, open_incidents.total, open_incidents.drills,
            links, own.items, own.total, recent_pages(pages, user, now, complete=complete),
        )  # fmt: skip
        view = home(viewer, self._context.policy, now, covers, self._senders.command)
        await self._api.call("views.publish", user_id=user, view=view)
        return Sent()

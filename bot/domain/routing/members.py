"""Builds the notices that follow when people leave a private incident's channel, or are removed from it."""

from __future__ import annotations

from bot.domain.incident import Incident, members
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.pages import page_withdrawn, person_of_page
from bot.domain.routing.payloads import MemberRemovedPayload
from bot.domain.timeline.entry import BOT


def removals(before: Incident, after: Incident) -> list[Notice]:
    """Tell the commander, or else the reporter, of each person, and take the buttons off that person's pages."""
    removed = [user for user in after.removed if user not in before.removed]
    if not removed or not after.open:
        return []
    notices = [page_withdrawn(after.number, key) for key in before.live_pages if person_of_page(key) in removed]
    recipient = members.inside(
        after, [*filter(None, [after.roles.get("commander")]), after.declared_by, *after.responders]
    )
    if recipient not in (None, BOT):
        notices += [_removal_notice(after, recipient, user) for user in removed]
    return notices


def _removal_notice(incident: Incident, person: str, user: str) -> Notice:
    return Notice(
        f"removed:{incident.number}:{user}",
        NoticeKind.MEMBER_REMOVED,
        incident.number,
        MemberRemovedPayload(person, user).to_json(),
        priority=Priority.NUDGE,
        resend=True,
    )

"""Builds the notices about reviews: the message in the incident's channel, and its edits."""

from __future__ import annotations

from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import (
    BookmarkPayload,
    ReviewExportPayload,
    ReviewInvitePayload,
    ReviewPointPayload,
    ReviewQuestionsPayload,
)

REVIEW_BOOKMARK = "review"


def review_key(incident: int) -> str:
    """Dedup key of the message about an incident's review."""
    return f"review:{incident}"


def review_posted(incident: int) -> Notice:
    """Say in the channel that the review is drafted, and what can be done, once."""
    return in_channel(review_key(incident), NoticeKind.REVIEW, incident, {})


def review_bookmark(incident: int) -> Notice:
    """Bookmark the message about the review in the incident's channel, unless the policy has a bookmark `review`."""
    return Notice(
        f"bookmark:{incident}:{REVIEW_BOOKMARK}", NoticeKind.BOOKMARK, incident,
        BookmarkPayload(REVIEW_BOOKMARK).to_json(), depends_on=review_key(incident), priority=Priority.SETUP,
    )  # fmt: skip


def review_edit(incident: int) -> Notice:
    """Bring that message up to date; several edits collapse into the newest."""
    return Notice(
        f"review_edit:{incident}", NoticeKind.REVIEW_EDIT, incident,
        depends_on=review_key(incident), priority=Priority.BUTTONS, resend=True,
    )  # fmt: skip


def review_questions(incident: int, person: str, stamp: int) -> Notice:
    """Ask a person directly what the record leaves open. `stamp` tells one asking from the next."""
    payload = ReviewQuestionsPayload(person).to_json()
    return Notice(f"review_questions:{incident}:{person}:{stamp}", NoticeKind.REVIEW_QUESTIONS, incident, payload)


def review_published(incident: int, taken_up: int = 0) -> Notice:
    """Tell the announcement channel that the review may be read, once; anew after each time that it was taken up."""
    suffix = f":{taken_up}" if taken_up else ""
    return Notice(f"review_published:{incident}{suffix}", NoticeKind.REVIEW_PUBLISHED, incident)


def review_reminder(incident: int, deadline: str) -> Notice:
    """Remind the facilitator in the channel that the review is not scheduled, due or overdue."""
    return in_channel(
        f"review_reminder:{deadline}", NoticeKind.REVIEW_REMINDER, incident, {}, Priority.NUDGE, deadline
    )  # fmt: skip


def review_point(incident: int, point: int, deadline: str) -> Notice:
    """Say in the thread of the review that a point of the agenda begins."""
    return Notice(
        f"review_point:{deadline}", NoticeKind.REVIEW_POINT, incident, ReviewPointPayload(point).to_json(),
        depends_on=review_key(incident), priority=Priority.NUDGE, deadline=deadline,
    )  # fmt: skip


def review_invite(incident: int, scheduled: int, person: str) -> Notice:
    """Send a participant the meeting for their calendar. `scheduled` counts how often a time was set."""
    return Notice(
        f"review_invite:{incident}:{scheduled}:{person}", NoticeKind.REVIEW_INVITE, incident,
        ReviewInvitePayload(person, scheduled).to_json(), priority=Priority.NEWS,
    )  # fmt: skip


def review_canvas(incident: int) -> Notice:
    """Create the canvas of the review, or bring it up to date; several such notices collapse into one."""
    return Notice(f"review_canvas:{incident}", NoticeKind.REVIEW_CANVAS, incident, priority=Priority.EDIT, resend=True)


def review_export(incident: int, wiki: str) -> Notice:
    """Write the review into a wiki, or bring it up to date there; several such notices collapse into one."""
    return Notice(
        f"review_export:{incident}:{wiki}", NoticeKind.REVIEW_EXPORT, incident, ReviewExportPayload(wiki).to_json(),
        priority=Priority.SETUP, resend=True,
    )  # fmt: skip

"""Builds the notices about reviews: the message in the incident's channel, and its edits."""

from __future__ import annotations

from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority


def review_key(incident: int) -> str:
    """Dedup key of the message about an incident's review."""
    return f"review:{incident}"


def review_posted(incident: int) -> Notice:
    """Say in the channel that the review is drafted, and what can be done, once."""
    return in_channel(review_key(incident), NoticeKind.REVIEW, incident, {})


def review_edit(incident: int) -> Notice:
    """Bring that message up to date; several edits collapse into the newest."""
    return Notice(
        f"review_edit:{incident}", NoticeKind.REVIEW_EDIT, incident,
        depends_on=review_key(incident), priority=Priority.BUTTONS, resend=True,
    )  # fmt: skip

"""Recognizes Slack's IDs and builds mentions; no other syntax of Slack appears in the domain."""

from __future__ import annotations

import re

# Patterns without anchors or groups. A member's ID starts with U, or with W in an Enterprise Grid.
USER_ID = r"[UW][A-Z0-9]{1,30}"
CHANNEL_ID = r"[CG][A-Z0-9]{5,}"

MENTION = re.compile(rf"<@({USER_ID})>")
_USER_ID = re.compile(USER_ID)
_CHANNEL_ID = re.compile(CHANNEL_ID)


def is_user_id(text: str) -> bool:
    """Whether `text` has the form of a member ID. Slack is not asked."""
    return _USER_ID.fullmatch(text) is not None


def is_channel_id(text: str) -> bool:
    """Whether `text` has the form of a channel ID. Slack is not asked."""
    return _CHANNEL_ID.fullmatch(text) is not None


def user_mention(user: str) -> str:
    """The mention of a member by ID; Slack shows the person's name and notifies them."""
    return f"<@{user}>"

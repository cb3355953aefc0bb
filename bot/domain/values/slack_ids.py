"""Recognizes Slack's IDs and builds mentions; no other syntax of Slack appears in the domain."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Patterns without anchors or groups. A member's ID starts with U, or with W in an Enterprise Grid.
USER_ID = r"[UW][A-Z0-9]{1,30}"
CHANNEL_ID = r"[CG][A-Z0-9]{5,}"

MENTION = re.compile(rf"<@({USER_ID})>")
_NAMED = re.compile(r"<(?:@|#|!subteam\^)([UWCGS][A-Z0-9]{2,30})(?=[|>])")  # in the notation of messages
_AUTHOR_ID = re.compile(r"[UWB][A-Z0-9]{2,30}")
_USER_ID = re.compile(USER_ID)
_CHANNEL_ID = re.compile(CHANNEL_ID)

_BARE = re.compile(r"(?<![A-Za-z0-9])[UW][A-Z0-9]{5,30}(?![A-Za-z0-9])")


def is_user_id(text: str) -> bool:
    """Whether `text` has the form of a member ID. Slack is not asked."""
    return _USER_ID.fullmatch(text) is not None


def is_channel_id(text: str) -> bool:
    """Whether `text` has the form of a channel ID. Slack is not asked."""
    return _CHANNEL_ID.fullmatch(text) is not None


def user_mention(user: str) -> str:
    """The mention of a member by ID; Slack shows the name and notifies them. Other actors, such as `api`, by name."""
    return f"<@{user}>" if is_user_id(user) else user


def is_author_id(text: str) -> bool:
    """Whether `text` has the form of the ID of a member or an app, either of which writes messages."""
    return _AUTHOR_ID.fullmatch(text) is not None


def user_ids_in(text: str) -> set[str]:
    """The user IDs anywhere in a text, also outside Slack's notation."""
    return {match for match in _BARE.findall(text) if is_user_id(match)}


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The text with names in the place of user IDs, mentioned or bare, as far as they are known."""
    unmentioned = MENTION.sub(lambda match: match[1] if match[1] in names else match[0], text)
    return _BARE.sub(lambda match: names.get(match[0], match[0]), unmentioned)


def ids_in(text: str) -> set[str]:
    """The IDs of members, channels and user groups that a text mentions in Slack's notation."""
    return set(_NAMED.findall(text)) if "<" in text else set()

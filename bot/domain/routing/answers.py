"""Builds the notices that answer one person privately."""

from __future__ import annotations

from typing import Any

from bot.domain.routing.channel import channel_key
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority


def answer(request: str, payload: dict[str, Any]) -> Notice:
    """The answer to a `request` of a person. Slack may deliver the request twice; the answer goes out once."""
    return Notice(f"answer:{request}", NoticeKind.ANSWER, None, payload, priority=Priority.ANSWER)


def correction(of: str, user: str, channel: str | None, text: str) -> Notice:
    """Tell a person that what they were promised has failed; `of` is the notice's key, `text` is internal text."""
    payload = {"user": user, "channel": channel, "words": text}
    return Notice(f"correction:{of}", NoticeKind.ANSWER, None, payload, priority=Priority.ANSWER, resend=True)


def declaration(number: int, payload: dict[str, Any]) -> Notice:
    """The message to the person who declared the incident, sent once its channel exists or could not be created."""
    return Notice(
        f"declared:{number}", NoticeKind.DECLARED, number, payload,
        depends_on=channel_key(number),
        on_dependency_failure=OnDependencyFailure.SEND, priority=Priority.ANSWER,
    )  # fmt: skip

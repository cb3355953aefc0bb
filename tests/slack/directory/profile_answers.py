"""A client that has only profiles, with answers of a test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.profiles import Profiles


def answering(*answers: dict[str, Any] | SlackError) -> SlackApi:
    """A client whose calls of `users.info` have these answers."""
    left = list(answers)

    async def call(method: str, **_args: Any) -> dict[str, Any]:
        answer = left.pop(0)
        if isinstance(answer, SlackError):
            raise answer
        return {"user": answer}

    return cast(SlackApi, SimpleNamespace(profiles=Profiles(call)))

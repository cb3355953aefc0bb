"""Builds the messages to the announcement channel when the policy file becomes invalid, and valid again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, plain, render


def refused(payload: Mapping[str, Any]) -> Message:
    """The message about an invalid policy file.

    `payload` has `count` (of mistakes, in words), and `line` and `key` of the first one, but never a value: it may be a
    secret.
    """
    where = f"line {payload['line']}" if payload.get("line") else "the file"
    key = f" (`{clip(render(plain(payload['key'])), 200)}`)" if payload.get("key") else ""
    return elements.line(
        f":warning: *The policy file was changed and cannot be used: {payload['count']}.* The previous policy stays "
        f"in force, so nothing is lost. If you changed it, look at {where}{key} first; `tocsin check` says what is "
        "wrong and what to write instead."
    )


def valid_again() -> Message:
    """The text that replaces the message about an invalid file when the file is valid again."""
    return elements.line(":heavy_check_mark: The policy file is valid again and in force.")

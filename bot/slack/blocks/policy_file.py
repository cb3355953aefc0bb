"""What the announcement channel is told of the policy file: that it cannot be used, and that it can again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, plain, render


def refused(payload: Mapping[str, Any]) -> Message:
    """`payload`: `count` in words, `line` and `key` of the first mistake. Never a value: it may be a secret."""
    where = f"line {payload['line']}" if payload.get("line") else "the file"
    key = f" (`{clip(render(plain(payload['key'])), 200)}`)" if payload.get("key") else ""
    return elements.line(
        f":warning: *The policy file was changed and cannot be used: {payload['count']}.* The policy from before stays "
        f"in force, so nothing is lost. Whoever changed it: look at {where}{key} first; `tocsin check` says what is "
        "wrong and what to write instead."
    )


def mended() -> Message:
    return elements.line(":heavy_check_mark: The policy file is in order again, and what it says is in force.")

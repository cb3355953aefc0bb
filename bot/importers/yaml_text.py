"""Writes imported settings as YAML, with comments that name the origin.

Names come from a vendor and are escaped: none can begin a line, end a quotation or leave its comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.values.one_line import escape_controls, one_line

WIDTH = 110
_LONGEST_COMMENT = 160
_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_./+-]*(?:@[A-Za-z0-9_./+-]+)?$")
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_DURATION = re.compile(r"^\d+[smhd]$")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\xa0\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class CommentedItem:
    """An item of a list, with the comment above it."""

    value: Any
    comment: str


def plain(value: Any) -> Any:
    """The value without its comments."""
    if isinstance(value, CommentedItem):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def comment(text: str) -> str:
    """A comment on one line."""
    text = escape_controls(one_line(text))
    return f"# {text if len(text) <= _LONGEST_COMMENT else text[: _LONGEST_COMMENT - 1] + '…'}"


def entry(key: str, value: Any, note: str, indent: str) -> Iterator[str]:
    """The lines of `key: value` with a comment above; the value is on one line if it fits."""
    yield f"{indent}{comment(note)}"
    yield from _setting(key, value, indent)


def item(value: Any, note: str, indent: str) -> Iterator[str]:
    """The lines of an item of a list, with a comment above."""
    yield f"{indent}{comment(note)}"
    yield f"{indent}- {flow(value)}"


def span(duration: timedelta) -> str:
    """A duration as the policy writes it."""
    seconds = int(duration.total_seconds())
    if seconds % 86400 == 0 and seconds:
        return f"{seconds // 86400}d"
    if seconds % 3600 == 0 and seconds:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def flow(value: Any) -> str:
    """A value on one line."""
    value = plain(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return _scalar(value)


def _setting(key: str, value: Any, indent: str) -> Iterator[str]:
    line = f"{indent}{_scalar(key)}: {flow(value)}"
    if not isinstance(value, Mapping | list) or not value or (len(line) <= WIDTH and not _has_comments(value)):
        yield line
        return
    yield f"{indent}{_scalar(key)}:"
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _setting(name, inner, indent + "  ")
        return
    for item in value:
        if isinstance(item, CommentedItem):
            yield f"{indent}  {comment(item.comment)}"
        yield from _item_lines(plain(item), indent + "  ")


def _item_lines(value: Any, indent: str) -> Iterator[str]:
    """The lines of a list item; one that is far too long for a line has a line for each of its settings."""
    line = f"{indent}- {flow(value)}"
    if not isinstance(value, Mapping) or len(line) <= 2 * WIDTH:
        yield line
        return
    for number, (name, inner) in enumerate(value.items()):
        for index, text in enumerate(_setting(name, inner, indent + "  ")):
            yield f"{indent}- {text[len(indent) + 2 :]}" if number == index == 0 else text


def _has_comments(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_comments(inner) for inner in value.values())
    if isinstance(value, list):
        return any(isinstance(item, CommentedItem) or _has_comments(item) for item in value)
    return False


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if text.lower() not in _WORDS and (_PLAIN.fullmatch(text) or _DAY.fullmatch(text) or _DURATION.fullmatch(text)):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)

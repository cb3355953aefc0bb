"""Reads the text of a message in Slack: its `text`, or else its blocks and attachments.

Integrations send blocks of any shape, so the type of every field is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

_DEEPEST = 8  # blocks within attachments, lists within rich text
_PREFIXES = {"user": "@", "channel": "#", "usergroup": "!subteam^", "broadcast": "!"}


def text_of(message: dict[str, Any]) -> str:
    """The message's `text`; if it is empty, the words of its blocks and attachments, one line each."""
    if isinstance(text := message.get("text"), str) and text.strip():
        return text
    lines = [*_of_blocks(message.get("blocks"), 0), *_of_attachments(message.get("attachments"))]
    return "\n".join(line for line in lines if line.strip())


def _of_attachments(attachments: Any) -> Iterator[str]:
    for attachment in _objects(attachments):
        lines = [_string(attachment.get(name)) for name in ("pretext", "title", "text")]
        for field in _objects(attachment.get("fields")):
            lines.append(": ".join(filter(None, (_string(field.get("title")), _string(field.get("value"))))))
        lines += _of_blocks(attachment.get("blocks"), 1)
        lines = [line for line in lines if line.strip()]
        yield from lines or [_string(attachment.get("fallback"))]


def _of_blocks(blocks: Any, depth: int) -> Iterator[str]:
    for block in _objects(blocks) if depth < _DEEPEST else ():
        if block.get("type") == "rich_text":
            yield from _of_rich_text(block.get("elements"), depth + 1)
            continue
        parts = [_string(block.get(name)) for name in ("text", "title")]
        parts += [_string(field) for field in _list(block.get("fields"))]
        if block.get("type") == "context":
            parts.append(" ".join(filter(None, (_string(element) for element in _list(block.get("elements"))))))
        elif block.get("type") == "image" and not any(parts):
            parts.append(_string(block.get("alt_text")))
        yield from parts


def _of_rich_text(elements: Any, depth: int) -> Iterator[str]:
    """A line for each section, quote, code block and item of a list."""
    for element in _objects(elements) if depth < _DEEPEST else ():
        if element.get("type") == "rich_text_list":
            yield from _of_rich_text(element.get("elements"), depth + 1)
        else:
            yield "".join(_of_inline(inline) for inline in _objects(element.get("elements")))


def _of_inline(inline: dict[str, Any]) -> str:
    """A piece of rich text in the notation of `text`, where mentions are tokens and `<` is escaped."""
    kind = _string(inline.get("type"))
    if kind == "link":
        url, label = _string(inline.get("url")), _string(inline.get("text"))
        return f"<{url}|{_escape(label)}>" if label else f"<{url}>"
    if kind == "emoji":
        return f":{_string(inline.get('name'))}:"
    if kind in _PREFIXES:
        target = inline.get("range") if kind == "broadcast" else inline.get(f"{kind}_id")
        return f"<{_PREFIXES[kind]}{_string(target)}>"
    return _escape(_string(inline.get("text")))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _string(value: Any) -> str:
    """A text, or the text of a text object. Empty for anything else."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (item for item in _list(value) if isinstance(item, dict))

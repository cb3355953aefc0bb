"""Parses the JSON of a large body in small steps.

One call for 16 MiB would keep the interpreter's lock, and with it the event loop, for a quarter of a second, even in a
thread. Here each member of an object, and each item of a list, is one call.
"""

from __future__ import annotations

import json
import re
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder()


def parse(body: bytes) -> Any:
    """The value of a JSON body. Raises `ValueError` for anything else, also for one nested too deeply."""
    text = body.decode("utf-8")
    start = _skip(text, 0)
    try:
        value, end = _READERS.get(text[start : start + 1], _decoder.raw_decode)(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _skip(text, end) != len(text):
        raise ValueError("more than one JSON value")
    return value


def _object(text: str, start: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        name, at = _decoder.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(name, str) or text[at : at + 1] != ":":
            raise ValueError("no JSON object")
        at = _skip(text, at + 1)
        members[name], at = _list(text, at) if text[at : at + 1] == "[" else _decoder.raw_decode(text, at)
        at = _after_comma(text, at, "}")
    return members, at + 1


def _list(text: str, start: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        item, at = _decoder.raw_decode(text, at)
        items.append(item)
        at = _after_comma(text, at, "]")
    return items, at + 1


_READERS = {"{": _object, "[": _list}


def _after_comma(text: str, at: int, closing: str) -> int:
    """The place of the next item, or of `closing`. Raises `ValueError` where neither follows."""
    at = _skip(text, at)
    if text[at : at + 1] == closing:
        return at
    if text[at : at + 1] != ",":
        raise ValueError("no JSON")
    at = _skip(text, at + 1)
    if text[at : at + 1] in (closing, ""):
        raise ValueError("no JSON")
    return at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at

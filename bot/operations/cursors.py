"""Writes and reads the cursors of lists: opaque texts that stay valid while rows are added."""

from __future__ import annotations

import base64
import binascii

from bot.domain.errors import Refused


def token(position: int) -> str:
    """The cursor of a position: a number of rows that never changes, such as an incident's."""
    return base64.urlsafe_b64encode(f"1:{position}".encode()).decode().rstrip("=")


def position(cursor: str | None) -> int | None:
    """The inverse of `token`; None without a cursor. Raises `BadCursor`."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise BadCursor from None
    version, _, number = text.partition(":")
    if version != "1" or not number.isdecimal() or len(number) > 18:
        raise BadCursor
    return int(number)


class BadCursor(Refused):
    """A cursor that no answer of ours contained."""

    def __init__(self) -> None:
        super().__init__("That is no cursor of ours. Pass `next_cursor` of an answer, or leave it out.")

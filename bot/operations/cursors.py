"""Encodes and decodes the cursors of lists: opaque texts that stay valid while rows are added."""

from __future__ import annotations

import re

from bot.operations.base import CURSOR, BadArgument


def token(position: int) -> str:
    """The cursor of a position, which is a number that a row keeps, such as an incident's."""
    return f"c{position}"


def position(cursor: str | None) -> int | None:
    """The inverse of `token`; None without a cursor. Raises `BadArgument`."""
    if cursor is None:
        return None
    if not re.fullmatch(CURSOR, cursor, re.ASCII):
        raise BadArgument("cursor", "That is no cursor of ours. Pass `next_cursor` of an answer, or leave it out.")
    return int(cursor[1:])

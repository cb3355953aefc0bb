"""Cleans names and texts of vendors, so that none passes for a person's ID or mentions anybody."""

from __future__ import annotations

import re

from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import MENTION, is_author_id

_MARKUP = re.compile(r"[<>&\x00-\x1f\x7f]+")


def vendor_name(name: str, vendor: str) -> str:
    """A person's name at a vendor, as plain words. One that could be an ID, an address or the bot names the vendor."""
    cleaned_name = " ".join(_MARKUP.sub(" ", name).split()) or "somebody"
    if is_author_id(cleaned_name) or "@" in cleaned_name or cleaned_name.casefold() == BOT:
        return f"{cleaned_name.replace('@', ' at ').strip()} ({vendor})"
    return cleaned_name


def vendor_text(text: str) -> str:
    """A vendor's answer as a part of our own text: its mentions are plain words."""
    return MENTION.sub(r"@\1", text)

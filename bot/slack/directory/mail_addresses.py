"""Finds a person's e-mail address in their Slack profile."""

from __future__ import annotations

from bot.slack.client.api import SlackApi, SlackError

FRESH_S = 3600.0


async def mail_address_of(api: SlackApi, user: str) -> str | None:
    """The address in the person's profile; None if it has none, and for bots, closed accounts and unknown people.

    Raises `SlackError` if Slack may tell it later.
    """
    try:
        profile = await api.profiles.get(user, FRESH_S)
    except SlackError as error:
        if not error.permanent:
            raise
        return None
    address = (profile.get("profile") or {}).get("email")
    is_usable = isinstance(address, str) and not profile.get("deleted") and not profile.get("is_bot")
    return str(address) if is_usable else None

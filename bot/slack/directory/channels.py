"""Channels: creating an incident's own exactly once, and finding the one that announcements go to."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.text import channel_name

_ID = re.compile(r"^[CG][A-Z0-9]{5,}$")
_SUFFIXES = 9
_SKEW_S = 120.0  # Slack's clock against ours
_LIST_PAGES = 10  # of 1,000 channels: beyond that the policy should name the channel's ID


async def create(
    api: SlackApi, incident: Incident, policy: Policy, bot_user: str, since: datetime, *, look_first: bool
) -> dict[str, Any]:
    """Create the channel, or find the one an earlier attempt made. Returns its ID and name.

    A name that somebody else holds gets a suffix, and so does one of ours from before `since`, the wall's time at
    which it was first asked for: another database may have counted to the same number.
    """
    day: date = incident.declared_at.date()
    template = f"drill-{policy.channel_name}" if incident.drill else policy.channel_name
    base = channel_name(template, incident.number, incident.title, incident.severity, day)
    for attempt in range(1, _SUFFIXES + 1):
        name = base if attempt == 1 else f"{base[: 79 - len(str(attempt))]}-{attempt}"
        if look_first and (ours := await _ours(api, name, bot_user, since)):
            return ours
        try:
            answer = await api.call("conversations.create", name=name, is_private=incident.private)
        except SlackError as error:
            if error.name != "name_taken":
                raise
            if ours := await _ours(api, name, bot_user, since):
                return ours
            continue
        return {"channel": answer["channel"]["id"], "name": answer["channel"].get("name", name)}
    raise SlackError("name_taken", "conversations.create", permanent=True)


async def _ours(api: SlackApi, name: str, bot_user: str, since: datetime) -> dict[str, Any] | None:
    """A channel of this name that we created, among those that we are in, not older than the incident."""
    oldest = since.timestamp() - _SKEW_S
    async for channel in _pages(
        api, "users.conversations", 10, types="public_channel,private_channel", exclude_archived=True, limit=200
    ):
        ours = channel.get("name") == name and channel.get("creator") == bot_user
        if ours and float(channel.get("created") or 0) >= oldest:
            return {"channel": channel["id"], "name": name}
    return None


async def find_by_name(api: SlackApi, name: str) -> str | None:
    """The ID of a channel that a policy names. First among those we are in; then a bounded look at the public ones."""
    if _ID.match(name):
        return name
    wanted = name.lstrip("#")
    async for channel in _pages(
        api, "users.conversations", 10, types="public_channel,private_channel", exclude_archived=True, limit=200
    ):
        if channel.get("name") == wanted:
            return str(channel["id"])
    async for channel in _pages(
        api, "conversations.list", _LIST_PAGES, types="public_channel", exclude_archived=True, limit=1000
    ):
        if channel.get("name") == wanted:
            return str(channel["id"])
    return None


async def join(api: SlackApi, channel: str) -> None:
    """Come into a public channel; being there already is fine."""
    try:
        await api.call("conversations.join", channel=channel)
    except SlackError as error:
        if error.name not in ("already_in_channel", "method_not_supported_for_channel_type"):
            raise


async def _pages(api: SlackApi, method: str, at_most: int, **args: Any) -> Any:
    cursor: str | None = None
    for _ in range(at_most):
        answer = await api.call(method, **args, cursor=cursor)
        for channel in answer.get("channels", []):
            yield channel
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return

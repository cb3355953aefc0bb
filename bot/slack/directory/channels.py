"""Creates an incident's channel in Slack exactly once, finds channels by name, and joins them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from bot.domain.incident import ChannelLoss, Incident
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_channel_id
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.text import CHANNEL_NAME_LENGTH, channel_name

_T = TypeVar("_T")
# Slack's errors of a channel that the bot cannot use any more, for methods that name a channel.
OUT_OF_REACH = frozenset({"is_archived", "channel_not_found", "not_in_channel", "channel_is_limited_access"})
CANNOT_JOIN = frozenset({"method_not_supported_for_channel_type", "channel_is_limited_access", "too_many_members"})
MEMBERS_PAGE = 1000
PLAIN_NAME = "inc-{number}"
_SUFFIXES = 9
_SKEW_S = 120.0  # between Slack's clock and ours
_LISTED = 999  # channels a page, Slack's limit: https://docs.slack.dev/reference/methods/users.conversations
_LIST_PAGES = 10  # in a larger workspace the policy should give the announcement channel's ID


async def create(
    api: SlackApi, incident: Incident, policy: Policy, bot_user: str, since: datetime, *, look_first: bool
) -> dict[str, Any]:
    """Create the incident's channel, or find the one that an earlier attempt created. Returns its ID and name.

    A name that is taken gets a suffix, even if a channel of the bot's own has it from before `since`, the wall-clock
    time of the first attempt: another database may have counted to the same number. If Slack refuses the name, the
    channel becomes `inc-42`. `look_first` searches for a channel before creating one, for an attempt whose predecessor
    may have succeeded.
    """
    day: date = incident.declared_at.date()
    prefix = "drill-" if incident.drill else ""
    base = channel_name(prefix + policy.channel_name, incident.number, incident.title, incident.severity, day)
    plain = channel_name(prefix + PLAIN_NAME, incident.number, "", incident.severity, day)
    try:
        return await _create_named(api, incident, base, bot_user, since, look_first=look_first)
    except SlackError as error:
        if not error.name.startswith("invalid_name") or plain == base:
            raise
    return await _create_named(api, incident, plain, bot_user, since, look_first=look_first)


async def _create_named(
    api: SlackApi, incident: Incident, base: str, bot_user: str, since: datetime, *, look_first: bool
) -> dict[str, Any]:
    """Create the channel under this name, with a suffix if it is taken."""
    for attempt in range(1, _SUFFIXES + 1):
        suffix = "" if attempt == 1 else f"-{attempt}"
        name = base[: CHANNEL_NAME_LENGTH - len(suffix)] + suffix
        if look_first and (own := await _own(of_bot(api), name, bot_user, since)):
            return own
        try:
            answer = await api.call("conversations.create", name=name, is_private=incident.private)
        except SlackError as error:
            if error.name != "name_taken":
                raise
            if own := await _own(of_bot(api), name, bot_user, since):
                return own
            if look_first and (own := await _own(public(api), name, bot_user, since)):
                return own  # the bot was removed from it meanwhile; it joins again when it cannot post
            continue
        return {"channel": answer["channel"]["id"], "name": answer["channel"].get("name", name)}
    raise SlackError("name_taken", "conversations.create", permanent=True)


async def _own(
    candidates: AsyncIterator[dict[str, Any]], name: str, bot_user: str, since: datetime
) -> dict[str, Any] | None:
    """The channel of this name that the bot created at `since` or later, if it is among the candidates."""
    oldest = since.timestamp() - _SKEW_S
    async for channel in candidates:
        is_own = channel.get("name") == name and channel.get("creator") == bot_user
        if is_own and float(channel.get("created") or 0) >= oldest:
            return {"channel": channel["id"], "name": name}
    return None


async def find_by_name(api: SlackApi, name: str) -> str | None:
    """The ID of a channel given by name or ID. It searches the bot's channels, then the first public ones."""
    if is_channel_id(name):
        return name
    bare = name.lstrip("#")
    async for channel in of_bot(api, archived=False):
        if channel.get("name") == bare:
            return str(channel["id"])
    async for channel in public(api, archived=False):
        if channel.get("name") == bare:
            return str(channel["id"])
    return None


async def is_archived(api: SlackApi, name: str, channel: str | None) -> bool:
    """Whether a channel is archived, given by name or ID and, if `find_by_name` has found it, by ID."""
    if channel is not None:
        answer = await api.call("conversations.info", channel=channel)
        return bool((answer.get("channel") or {}).get("is_archived"))
    async for candidate in public(api):
        if candidate.get("name") == name.lstrip("#"):
            return bool(candidate.get("is_archived"))
    return False


@dataclass(frozen=True, slots=True)
class ChannelView:
    """The state of a channel, as Slack reports it. With `joined`, the bot had been removed and has joined again."""

    loss: ChannelLoss | None  # why it cannot be used
    joined: bool = False


async def look(api: SlackApi, channel: str, *, private: bool) -> ChannelView:
    """Whether the bot can use the channel of an incident. If the bot is not in a public one, it joins.

    A private channel that was deleted looks like one from which the bot was removed. Raises `SlackError`.
    """
    loss_if_missing = ChannelLoss.REMOVED if private else ChannelLoss.DELETED
    try:
        answer = (await api.call("conversations.info", channel=channel))["channel"]
        if answer.get("is_archived"):
            return ChannelView(ChannelLoss.ARCHIVED)
        if answer.get("is_member"):
            return ChannelView(None)
        if answer.get("is_private"):
            return ChannelView(ChannelLoss.REMOVED)
        await api.call("conversations.join", channel=channel)
    except SlackError as error:
        if error.name == "channel_not_found":
            return ChannelView(loss_if_missing)
        if error.name in CANNOT_JOIN:
            return ChannelView(ChannelLoss.REMOVED)
        if error.name == "is_archived":
            return ChannelView(ChannelLoss.ARCHIVED)
        raise
    return ChannelView(None, joined=True)


async def members(api: SlackApi, channel: str) -> frozenset[str]:
    """The Slack IDs of everybody in the channel. Raises `SlackError`."""
    people: set[str] = set()
    cursor: str | None = None
    while True:
        answer = await api.call("conversations.members", channel=channel, limit=MEMBERS_PAGE, cursor=cursor)
        people.update(answer.get("members", []))
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return frozenset(people)


async def join(api: SlackApi, channel: str) -> None:
    """Join a public channel. Does nothing if the bot is in it already, or cannot join channels of its kind."""
    try:
        await api.call("conversations.join", channel=channel)
    except SlackError as error:
        if error.name not in ("already_in_channel", "method_not_supported_for_channel_type"):
            raise


async def joining(api: SlackApi, channel: str, act: Callable[[], Awaitable[_T]]) -> _T:
    """Do something in a channel; if the bot turns out not to be in it, join it and do it again."""
    try:
        return await act()
    except SlackError as error:
        if error.name != "not_in_channel":
            raise
    await join(api, channel)
    return await act()


def of_bot(api: SlackApi, *, archived: bool = True) -> AsyncIterator[dict[str, Any]]:
    """Channels that the bot is in, public and private ones: the first ten pages of 999."""
    types = "public_channel,private_channel"
    return _pages(api, "users.conversations", types=types, exclude_archived=not archived, limit=_LISTED)


def public(api: SlackApi, *, archived: bool = True) -> AsyncIterator[dict[str, Any]]:
    """Public channels of the workspace: the first ten pages of 999."""
    return _pages(api, "conversations.list", types="public_channel", exclude_archived=not archived, limit=_LISTED)


async def _pages(api: SlackApi, method: str, **args: Any) -> AsyncIterator[dict[str, Any]]:
    cursor: str | None = None
    for _ in range(_LIST_PAGES):
        answer = await api.call(method, **args, cursor=cursor)
        for channel in answer.get("channels", []):
            yield channel
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return

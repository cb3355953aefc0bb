"""Imitates Slack's `bookmarks.*` methods."""

import re

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Channel, Json
from sandbox.state import new_id

MAX_BOOKMARKS = 100
LINK = re.compile(r"https?://\S+|mailto:\S+")
BOOKMARK = {"channel_id": "s", "title": "s256", "link": "s2048", "type": "s", "emoji": "s", "entity_id": "s", "access_level": "s", "parent_id": "s"}  # fmt: skip # noqa: E501


def _bookmarks(call: Call) -> Channel:
    channel = call.channel("channel_id")
    if call.bot.id not in channel.members:
        raise SlackError("access_denied")
    return channel


def _link(call: Call) -> str:
    link = call.get("link") or ""
    if not LINK.fullmatch(link):
        raise SlackError("invalid_link")
    return str(link)


def _bookmark(call: Call, channel: Channel) -> Json:
    bookmark = next((b for b in channel.bookmarks if b["id"] == call.args["bookmark_id"]), None)
    if bookmark is None:
        raise SlackError("not_found")
    return bookmark


@method("bookmarks.add", BOOKMARK, ("channel_id", "title", "type"), tier="t2", scopes=("bookmarks:write",))
def add_bookmark(call: Call) -> Json:
    """Add a link to a channel's bookmarks."""
    channel = _bookmarks(call)
    if call.args["type"] != "link":
        raise SlackError("invalid_bookmark_type")
    link = _link(call)
    if len(channel.bookmarks) >= MAX_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    now = int(call.ws.clock.now())
    bookmark: Json = {
        "id": new_id("Bk"),
        "channel_id": channel.id,
        "title": call.args["title"],
        "link": link,
        "emoji": call.get("emoji") or "",
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": 0,
        "rank": f"{len(channel.bookmarks):04d}",
        "last_updated_by_user_id": call.bot.id,
        "last_updated_by_team_id": call.ws.settings.team_id,
        "shortcut_id": None,
        "app_id": call.bot.app_id,
    }
    channel.bookmarks.append(bookmark)
    _note_change(call, channel)
    return {"bookmark": bookmark}


def _note_change(call: Call, channel: Channel) -> None:
    call.ws.state.touch("channel", channel.id)
    call.ws.journal.change("bookmarks", {"channel": channel.id})


EDITED = {"channel_id": "s", "bookmark_id": "s", "title": "s256", "link": "s2048", "emoji": "s"}


@method("bookmarks.edit", EDITED, ("channel_id", "bookmark_id"), tier="t2", scopes=("bookmarks:write",))
def edit_bookmark(call: Call) -> Json:
    """Change a bookmark's title, emoji or link."""
    channel = _bookmarks(call)
    bookmark = _bookmark(call, channel)
    changes: Json = {name: call.args[name] for name in ("title", "emoji") if name in call.args}
    if "link" in call.args:
        changes["link"] = _link(call)
    bookmark |= changes | {"date_updated": int(call.ws.clock.now())}
    _note_change(call, channel)
    return {"bookmark": bookmark}


@method(
    "bookmarks.remove",
    {"channel_id": "s", "bookmark_id": "s", "quip_section_id": "s"},
    ("channel_id", "bookmark_id"),
    tier="t2",
    scopes=("bookmarks:write",),
)
def remove_bookmark(call: Call) -> Json:
    """Remove a bookmark."""
    channel = _bookmarks(call)
    channel.bookmarks.remove(_bookmark(call, channel))
    _note_change(call, channel)
    return {}


@method("bookmarks.list", {"channel_id": "s"}, ("channel_id",), scopes=("bookmarks:read",))
def bookmarks(call: Call) -> Json:
    """A channel's bookmarks, the oldest first."""
    return {"bookmarks": list(_bookmarks(call).bookmarks)}

"""Lists Slack's documented rate limits by method, in calls a minute for an app in a workspace.

https://docs.slack.dev/apis/web-api/rate-limits. Slack promises these figures, and lets short bursts exceed them.
"""

from __future__ import annotations

T2, T3, T4 = 20, 50, 100

# Every method that the bot calls; a test compares them with Slack's reference. None: a special limit, or none at all.
PER_MINUTE: dict[str, int | None] = {
    "auth.test": None,
    "bookmarks.add": T2,
    "bookmarks.edit": T2,
    "bookmarks.list": T3,
    "bots.info": T3,
    "canvases.create": T2,
    "canvases.edit": T3,
    "canvases.sections.lookup": T3,
    "chat.delete": T3,
    "chat.postEphemeral": T4,
    "chat.postMessage": None,
    "chat.unfurl": T3,
    "chat.update": T3,
    "conversations.canvases.create": T2,
    "conversations.create": T2,
    "conversations.history": T3,
    "conversations.info": T3,
    "conversations.invite": T3,
    "conversations.join": T3,
    "conversations.list": T2,
    "conversations.members": T4,
    "conversations.open": T3,
    "conversations.replies": T3,
    "conversations.setPurpose": T2,
    "conversations.setTopic": T2,
    "pins.add": T2,
    "pins.list": T2,
    "usergroups.list": T2,
    "usergroups.users.list": T2,
    "usergroups.users.update": T2,
    "users.conversations": T3,
    "users.info": T4,
    "users.list": T2,
    "users.lookupByEmail": T3,
    "views.open": T4,
    "views.publish": T4,
    "views.update": T4,
}
DEFAULT_LIMIT = T2  # of a method missing in the table

POST = "chat.postMessage"
# One message a second in a channel, short bursts allowed: two within 2 s are never more than 60 within a minute.
CHANNEL_BURST, CHANNEL_BURST_S = 2, 2.0
# “Several hundred a minute” in the workspace.
POSTS_PER_MINUTE = 240


def per_minute(method: str) -> int | None:
    """The documented calls a minute; None for a method with a special limit or with none."""
    return PER_MINUTE.get(method, DEFAULT_LIMIT)

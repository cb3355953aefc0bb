"""Imitates Slack's `conversations.history` and `conversations.replies` methods."""

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, cursor_at, cursor_for, cursor_metadata, method
from sandbox.model import Json, Message

HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
SPAN = {
    "channel": "s", "cursor": "s", "inclusive": "b", "latest": "s", "oldest": "s", "limit": "i",
    "include_all_metadata": "b",
}  # fmt: skip
MAX_LIMIT = 999
LAST = "9999999999.999999"


def _stamp(call: Call, name: str, default: str) -> str:
    value = call.get(name)
    if not value or value == "0":
        return default
    seconds, _, fraction = value.partition(".")
    if value == "now":
        return LAST
    if not seconds.isdigit() or (fraction and not fraction.isdigit()):
        raise SlackError(f"invalid_ts_{name}")
    return f"{int(seconds):010d}.{fraction[:6]:0<6}"


def _slice(call: Call, messages: list[Message], *, newest_first: bool) -> tuple[list[Message], str]:
    limit = call.get("limit", 100) or 100
    if limit < 1 or limit > MAX_LIMIT:
        raise SlackError("invalid_limit")
    ordered = messages[::-1] if newest_first else messages
    start = cursor_at(call)
    if start:  # the cursor holds a timestamp, so that messages posted meanwhile do not shift the result
        edge = f"{start // 1_000_000}.{start % 1_000_000:06d}"
        ordered = [m for m in ordered if (m.ts < edge if newest_first else m.ts > edge)]
    part = ordered[:limit]
    more = len(ordered) > limit
    return part, cursor_for(int(part[-1].ts.replace(".", ""))) if more else ""


@method("conversations.history", SPAN, ("channel",), scopes=HISTORY)
def history(call: Call) -> Json:
    """A page of a channel's messages, the newest first, without replies in threads."""
    channel = call.channel(member=True)
    call.require_scope(channel, "history")
    oldest, latest = _stamp(call, "oldest", "0000000000.000000"), _stamp(call, "latest", LAST)
    span = call.ws.state.logs[channel.id].between(oldest, latest, inclusive=call.get("inclusive", False))
    part, cursor = _slice(call, span, newest_first=True)
    with_metadata = call.get("include_all_metadata", False)
    answer: Json = {
        "messages": [call.ws.slack_messages.message(message, metadata=with_metadata) for message in part],
        "has_more": bool(cursor),
        "pin_count": len(channel.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    return answer | (cursor_metadata(cursor) if cursor else {})


@method("conversations.replies", SPAN | {"ts": "s"}, ("channel", "ts"), scopes=HISTORY, json_input=False)
def replies(call: Call) -> Json:
    """A page of a thread, the oldest first, beginning with its parent. `ts` may be that of any reply."""
    channel = call.channel(member=True)
    call.require_scope(channel, "history")
    log = call.ws.state.logs[channel.id]
    start = log.messages.get(call.args["ts"])
    if start is None:
        raise SlackError("thread_not_found")
    parent = log.messages.get(start.thread_ts or start.ts, start)
    oldest, latest = _stamp(call, "oldest", "0000000000.000000"), _stamp(call, "latest", LAST)
    thread = log.replies(parent.ts)
    inclusive = call.get("inclusive", False)
    span = [m for m in thread if oldest < m.ts < latest or (inclusive and m.ts in (oldest, latest))]
    part, cursor = _slice(call, span, newest_first=False)
    with_metadata = call.get("include_all_metadata", False)
    messages = [call.ws.slack_messages.message(message, metadata=with_metadata) for message in [parent, *part]]
    return {"messages": messages, "has_more": bool(cursor)} | (cursor_metadata(cursor) if cursor else {})

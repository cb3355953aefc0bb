"""Converts typed text to Slack's text format in the sandbox, escapes it, and finds its mentions."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.model import Json
from sandbox.state import State

CONTROL = re.compile(
    r"<(@[UWB][A-Z0-9]+(?:\|[^<>]*)?|#C[A-Z0-9]+(?:\|[^<>]*)?|![^<>]+|(?:https?://|mailto:|tel:|slack://)[^<>\s]+[^<>]*)>"
)
LOOSE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
TYPED = re.compile(r"(?P<url>https?://[^\s<>|]+)|@(?P<at>[\w.-]+)|#(?P<hash>[\w-]+)|:(?P<emoji>[a-z0-9_+'-]+):")
USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
SUBTEAM = re.compile(r"<!subteam\^([A-Z0-9]+)(?:\|[^<>]*)?>")
BROADCAST = re.compile(r"<!(here|channel|everyone)(?:\|[^<>]*)?>")


def escape(text: str) -> str:
    """Escape `&`, `<` and `>`, as Slack's client does with typed text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def clean(text: str) -> str:
    """Return an app's text as Slack stores it: control sequences are kept, all else is escaped."""
    out, end = [], 0
    for match in CONTROL.finditer(text):
        out += [_escape_loose(text[end : match.start()]), match.group(0)]
        end = match.end()
    return "".join([*out, _escape_loose(text[end:])])


def _escape_loose(text: str) -> str:
    return LOOSE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class TypedLine:
    """A typed line as Slack stores it: the text and the elements of its rich text block."""

    text: str
    elements: list[Json]

    @property
    def blocks(self) -> list[Json]:
        """The blocks that Slack's client sends with the text."""
        section = {"type": "rich_text_section", "elements": self.elements or [{"type": "text", "text": " "}]}
        return [{"type": "rich_text", "elements": [section]}]


def convert_line(state: State, line: str) -> TypedLine:
    """Convert a typed line: escape it, resolve `@name` and `#channel`, wrap links."""
    text: list[str] = []
    elements: list[Json] = []
    end = 0

    def plain(upto: int) -> None:
        if piece := line[end:upto]:
            text.append(escape(piece))
            elements.append({"type": "text", "text": piece})

    for match in TYPED.finditer(line):
        resolved = _resolve(state, match)
        if resolved is None:
            continue
        plain(match.start())
        text.append(resolved[0])
        elements.append(resolved[1])
        end = match.start() + resolved[2]
    plain(len(line))
    return TypedLine("".join(text), elements)


def _resolve(state: State, match: re.Match[str]) -> tuple[str, Json, int] | None:
    """Return the text, the rich text element and how many characters of the line they replace; `None` if unknown."""
    length = len(match.group(0))
    if url := match.group("url"):
        return f"<{escape(url)}>", {"type": "link", "url": url}, length
    if emoji := match.group("emoji"):
        return f":{emoji}:", {"type": "emoji", "name": emoji}, length
    if name := match.group("hash"):
        channel = state.channel_named(name)
        if channel is None or channel.is_private:
            return None
        return f"<#{channel.id}|{channel.name}>", {"type": "channel", "channel_id": channel.id}, length
    name = match.group("at")
    while name and name[-1] in ".-":
        name = name[:-1]
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>", {"type": "broadcast", "range": name}, len(name) + 1
    if (user := state.user_named(name)) is not None:
        return f"<@{user.id}>", {"type": "user", "user_id": user.id}, len(name) + 1
    group = next((g for g in state.usergroups.values() if g.handle == name.lower()), None)
    if group is not None:
        return f"<!subteam^{group.id}>", {"type": "usergroup", "usergroup_id": group.id}, len(name) + 1
    return None


def command_text(state: State, line: str, *, should_escape: bool) -> str:
    """Return the `text` of a slash command; with `should_escape` mentions carry IDs and names."""
    if not should_escape:
        return escape(line)
    out, end = [], 0
    for match in TYPED.finditer(line):
        if match.group("emoji") or match.group("url") or (resolved := _resolve(state, match)) is None:
            continue
        out.append(escape(line[end : match.start()]))
        element = resolved[1]
        if element["type"] == "user":
            out.append(f"<@{element['user_id']}|{state.users[element['user_id']].name}>")
        elif element["type"] == "usergroup":
            out.append(f"<!subteam^{element['usergroup_id']}|@{match.group('at')}>")
        else:
            out.append(resolved[0])
        end = match.start() + resolved[2]
    return "".join([*out, escape(line[end:])])


@dataclass(frozen=True)
class Mentions:
    """The users, user groups and broadcasts that a message mentions in a way that notifies."""

    users: frozenset[str] = frozenset()
    usergroups: frozenset[str] = frozenset()
    broadcasts: frozenset[str] = frozenset()


def mentions(text: str, blocks: list[Json] | None) -> Mentions:
    """Return the mentions in a message's blocks, or in its text if it has none."""
    mentioned: defaultdict[str, set[str]] = defaultdict(set)
    for kind, value in _mentioning(blocks) if blocks else [("mrkdwn", text)]:
        if kind in ("mrkdwn", "markdown"):
            mentioned["user"].update(USER.findall(value))
            mentioned["usergroup"].update(SUBTEAM.findall(value))
            mentioned["broadcast"].update(BROADCAST.findall(value))
        else:
            mentioned[kind].add(value)
    return Mentions(frozenset(mentioned["user"]), frozenset(mentioned["usergroup"]), frozenset(mentioned["broadcast"]))


# The objects of Block Kit that can mention, by type: the field that holds the text or the ID.
_MENTIONING = {
    "mrkdwn": "text",
    "markdown": "text",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "broadcast": "range",
}


def _mentioning(value: Any) -> Iterator[tuple[str, str]]:
    """The type and the text or ID of every object that can mention, at any depth."""
    if isinstance(value, list):
        for inner in value:
            yield from _mentioning(inner)
    elif isinstance(value, dict):
        kind = value.get("type")
        content = value.get(_MENTIONING.get(kind, "")) if isinstance(kind, str) else None
        if isinstance(kind, str) and isinstance(content, str):
            yield kind, content
        else:
            for inner in value.values():
                yield from _mentioning(inner)

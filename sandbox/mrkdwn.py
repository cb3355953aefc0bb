"""Slack's text: escaping, what people type, who a message mentions."""

import re
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
    """Make `&`, `<` and `>` harmless, as Slack's client does with everything a person types."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The characters a reader sees."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def clean(text: str) -> str:
    """What Slack keeps of an app's text: its control sequences, all else escaped."""
    out, end = [], 0
    for match in CONTROL.finditer(text):
        out += [_stray(text[end : match.start()]), match.group(0)]
        end = match.end()
    return "".join([*out, _stray(text[end:])])


def _stray(text: str) -> str:
    return LOOSE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class Typed:
    """What Slack makes of a line a person typed: the text and the rich text block that goes with it."""

    text: str
    elements: list[Json]

    @property
    def blocks(self) -> list[Json]:
        """The block Slack's client sends beside the text."""
        section = {"type": "rich_text_section", "elements": self.elements or [{"type": "text", "text": " "}]}
        return [{"type": "rich_text", "elements": [section]}]


def typed(state: State, line: str) -> Typed:
    """Turn a typed line into Slack's text: escaped, `@name` and `#channel` resolved, links wrapped."""
    text: list[str] = []
    elements: list[Json] = []
    end = 0

    def plain(upto: int) -> None:
        if piece := line[end:upto]:
            text.append(escape(piece))
            elements.append({"type": "text", "text": piece})

    for match in TYPED.finditer(line):
        found = _resolved(state, match)
        if found is None:
            continue
        plain(match.start())
        text.append(found[0])
        elements.append(found[1])
        end = match.start() + found[2]
    plain(len(line))
    return Typed("".join(text), elements)


def _resolved(state: State, match: re.Match[str]) -> tuple[str, Json, int] | None:
    """The text, the rich element and how many characters of the line they stand for."""
    whole = len(match.group(0))
    if url := match.group("url"):
        return f"<{escape(url)}>", {"type": "link", "url": url}, whole
    if emoji := match.group("emoji"):
        return f":{emoji}:", {"type": "emoji", "name": emoji}, whole
    if name := match.group("hash"):
        channel = state.channel_named(name)
        if channel is None or channel.is_private:
            return None
        return f"<#{channel.id}|{channel.name}>", {"type": "channel", "channel_id": channel.id}, whole
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
    """The `text` of a slash command: with `should_escape` mentions carry their IDs and names."""
    if not should_escape:
        return escape(line)
    out, end = [], 0
    for match in TYPED.finditer(line):
        if match.group("emoji") or match.group("url") or (found := _resolved(state, match)) is None:
            continue
        out.append(escape(line[end : match.start()]))
        element = found[1]
        if element["type"] == "user":
            out.append(f"<@{element['user_id']}|{state.users[element['user_id']].name}>")
        elif element["type"] == "usergroup":
            out.append(f"<!subteam^{element['usergroup_id']}|@{match.group('at')}>")
        else:
            out.append(found[0])
        end = match.start() + found[2]
    return "".join([*out, escape(line[end:])])


@dataclass(frozen=True)
class Mentions:
    """Who and what a message names in a way that notifies."""

    users: frozenset[str] = frozenset()
    usergroups: frozenset[str] = frozenset()
    broadcasts: frozenset[str] = frozenset()


def mentions(text: str, blocks: list[Json] | None) -> Mentions:
    """What a message mentions: its blocks decide where it has some, else its text."""
    users: set[str] = set()
    groups: set[str] = set()
    broadcasts: set[str] = set()

    def in_text(value: str) -> None:
        users.update(USER.findall(value))
        groups.update(SUBTEAM.findall(value))
        broadcasts.update(BROADCAST.findall(value))

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, dict):
            kind = value.get("type")
            if kind in ("mrkdwn", "markdown") and isinstance(value.get("text"), str):
                in_text(value["text"])
            elif kind == "user" and "user_id" in value:
                users.add(value["user_id"])
            elif kind == "usergroup" and "usergroup_id" in value:
                groups.add(value["usergroup_id"])
            elif kind == "broadcast" and "range" in value:
                broadcasts.add(value["range"])
            else:
                for inner in value.values():
                    walk(inner)

    if blocks:
        walk(blocks)
    else:
        in_text(text)
    return Mentions(frozenset(users), frozenset(groups), frozenset(broadcasts))

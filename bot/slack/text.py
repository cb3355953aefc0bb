"""Converts text between Slack's markup and the bot's own, so that no user's text notifies anyone by accident.

Internal text is plain Unicode without Slack's escapes. Its only markup is `<@U…>`, a mention that a person really made.
Text comes in through `from_command` and `from_modal` and goes out through `render` (mrkdwn) or `plain` (plain_text).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from bot.domain.access.identity import OPERATOR
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import CHANNEL_ID, MENTION, USER_ID, is_user_id, user_mention

CHANNEL_NAME_LENGTH = 80
ELLIPSIS = "…"
NO_NAMES: Mapping[str, str] = {}
# A channel or user group without its name: `<#C1>`, `<#C1|>`, `<!subteam^S1>`.
_NAMELESS = re.compile(r"(<(?:#|!subteam\^)([A-Z0-9]+))\|?>")
_NAMED_MENTION = re.compile(rf"<@({USER_ID})\|([^<>|\n]+)>")
_NAMED_CHANNEL = re.compile(rf"<#({CHANNEL_ID})\|([^<>|\n]+)>")
_USER_GROUP = re.compile(r"<!subteam\^\w+(?:\|([^<>\n]*))?>")
_TOKEN = re.compile(r"<([^<>\n]*)>")
_TYPED_TOKEN = re.compile(r"<([@#!])([^<>|\s]*)(?:\|([^<>\n]*))?>")
_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
# C0 controls except tab and newline, lone surrogates, and marks that reverse the reading order.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_PROTECTED_MENTION = re.compile(f"\x01({USER_ID})\x02")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_ATOM = re.compile(r"<[^<>\n]*>|&(?:amp|lt|gt);")


def from_command(raw: str) -> str:
    """Convert the text of a command or message to internal text, keeping real mentions.

    1. Replace Slack's `<…>` tokens by their text, except real mentions.
    2. Unescape the rest once.
    3. Defuse typed text that only looks like a token.
    """
    pieces: list[str] = []
    end = 0
    cleaned = _clean(raw)
    for match in _TOKEN.finditer(cleaned):
        pieces += [_unescape(cleaned[end : match.start()]), _from_token(match[1])]
        end = match.end()
    pieces.append(_unescape(cleaned[end:]))
    return _PROTECTED_MENTION.sub(r"<@\1>", _defuse("".join(pieces)))


def from_modal(raw: str | None) -> str:
    """Convert the value of a form's input, which Slack does not escape and which contains no real mention."""
    return _defuse(_clean(raw or "")).strip()


def names_in(raw: str) -> dict[str, str]:
    """Names that Slack sent with mentions (`<@U1|maya>`), by user ID."""
    return {user: _unescape(name) for user, name in _NAMED_MENTION.findall(raw)}


def channels_in(raw: str) -> dict[str, str]:
    """IDs of the channels that Slack sent with their names (`<#C1|general>`), by name."""
    return {_unescape(name).lstrip("#"): channel for channel, name in _NAMED_CHANNEL.findall(raw)}


def groups_in(raw: str) -> frozenset[str]:
    """Names of the user groups that Slack sent (`<!subteam^S1|@ops>`), without `@`."""
    return frozenset(_unescape(name).lstrip("@") or "subteam" for name in _USER_GROUP.findall(raw))


def title_of(text: str, names: Mapping[str, str] | None = None) -> str:
    """Put the text on one line without mentions: `<@U1>` becomes `@maya` if `names` has U1, else `@U1`."""
    names = names or {}
    line = MENTION.sub(lambda match: "@" + names.get(match[1], match[1]), _clean(text))
    return " ".join(_defuse(line).split())


def as_typed(raw: str) -> str:
    """The text of a command as the person typed it, with `@maya` for a mention, to show it or type it again."""
    names = names_in(raw)
    return MENTION.sub(lambda match: "@" + names.get(match[1], match[1]), from_command(raw))


def without_bot_mention(raw: str, bot_user: str) -> str:
    """Strip the bot's mention from a message addressed to it (`<@UBOT>: ack`), with the punctuation after it."""
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>(?:\s*[:,;.!?–—]+(?=\s|$))?", "", raw).strip()


def mentions_in(text: str) -> tuple[str, ...]:
    """The user IDs mentioned in internal text, in order and without duplicates."""
    return tuple(dict.fromkeys(MENTION.findall(text)))


def without_mentions(text: str) -> str:
    """Replace every mention in internal text by a space."""
    return MENTION.sub(" ", text)


def escape(text: str) -> str:
    """Escape the three characters that start Slack markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(text: str) -> str:
    """Internal text as mrkdwn: escaped, mentions kept, `@channel` and the like broken by a zero-width space."""
    pieces: list[str] = []
    end = 0
    text = _CONTROL.sub("", text)
    for match in MENTION.finditer(text):
        pieces += [_escape_silently(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*pieces, _escape_silently(text[end:])])


def plain(text: str) -> str:
    """Internal text for a plain_text object, in which mentions have no effect. Do not escape the result."""
    return title_of(text).replace("<!", "‹!")


def render_recorded(raw: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """A recorded channel message, stored as Slack sent it, as mrkdwn without mentions: names instead."""
    return _escape_silently(recorded_text(raw, names))


def recorded_text(raw: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """A recorded channel message as text: IDs become the names that came along with them, else those in `names`."""
    all_names = {**names, **names_in(raw)}
    return MENTION.sub(lambda match: "@" + all_names.get(match[1], match[1]), from_command(with_labels(raw, all_names)))


def with_labels(raw: str, names: Mapping[str, str]) -> str:
    """Slack's text with names in the tokens of channels and user groups that came without them."""
    return _NAMELESS.sub(lambda token: f"{token[1]}|{names[token[2]]}>" if token[2] in names else token[0], raw)


def quote(text: str) -> str:
    """Quote rendered text line by line."""
    return "\n".join(f"> {line}" if line else ">" for line in text.splitlines())


_PROGRAMS = {BOT: "Tocsin", OPERATOR: "the operator", "api": "a program"}  # actors that are nobody in Slack


def mention(person: str) -> str:
    """Show a person: a user ID as a mention, an e-mail address or name as text, the bot by its name."""
    if person in _PROGRAMS:
        return _PROGRAMS[person]
    if is_user_id(person):
        return user_mention(person)
    return _escape_silently(_CONTROL.sub("", MENTION.sub(r"@\1", person)))


def length(text: str) -> int:
    """Length in UTF-16 units: Slack does not document how it counts, and this is the stricter way."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """Shorten to `limit` with an ellipsis, never cutting inside an entity, a token or a composed character."""
    if length(text) <= limit:
        return text
    cut = _fitting(text, limit - 1)
    for atom in _ATOM.finditer(text):
        if atom.start() < cut < atom.end():
            cut = atom.start()
            break
        if atom.start() >= cut:
            break
    while 0 < cut < len(text) and _are_joined(text[cut - 1], text[cut]):
        cut -= 1
    return text[:cut].rstrip() + ELLIPSIS


def chunks(text: str, limit: int, at_most: int) -> list[str]:
    """Split into at most `at_most` pieces, preferably at line ends or spaces; the last piece is clipped."""
    pieces: list[str] = []
    rest = text.strip()
    while length(rest) > limit and len(pieces) < at_most - 1:
        head = clip(rest, limit)[: -len(ELLIPSIS)]
        cut = head.rfind("\n")
        if cut < len(head) * 3 // 4:
            cut = max(cut, head.rfind(" "))
        if cut < len(head) // 2:
            cut = len(head)
        for atom in _ATOM.finditer(rest):
            if atom.start() < cut < atom.end():
                cut = atom.start() or atom.end()
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in [*pieces, clip(rest, limit)] if piece]


_QUOTES, _THOUSANDS, _NOT_IN_SLUG = re.compile("'"), re.compile(r"(?<=[0-9]),(?=[0-9])"), re.compile("[^a-z0-9]+")


def slug_of(title: str) -> str:
    """The title in lower-case letters, digits and hyphens, for channel names and addresses."""
    text = _defuse(_clean(title))
    if text.isascii() and "&" not in text:  # what an entity stands for need not be ASCII
        words = _NOT_IN_SLUG.sub("-", _THOUSANDS.sub("", _QUOTES.sub("-", text).lower()))
        return words.strip("-")[:CHANNEL_NAME_LENGTH].strip("-")
    from slugify import slugify  # noqa: PLC0415 - its letters of all alphabets take 5 MB, which few titles need

    return slugify(text, max_length=CHANNEL_NAME_LENGTH)


def channel_name(template: str, number: int, title: str, severity: str, day: date) -> str:
    """A channel name that Slack accepts: lower case, digits, `-` and `_`, 1 to 80 characters, not ending in `-`.

    `template` may contain `{number}`, `{slug}`, `{severity}` and `{date}`. A title without any usable letter (only
    emoji, for example) results in `inc-42`.
    """
    values = {"number": str(number), "slug": slug_of(title), "severity": severity, "date": day.isoformat()}
    name = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], ""), template)
    name = re.sub(r"[^a-z0-9_-]+", "-", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower())
    name = re.sub(r"-{2,}", "-", name)[:CHANNEL_NAME_LENGTH].strip("-_")
    return name if re.search(r"[a-z0-9]", name) and str(number) in name else f"inc-{number}"


def _from_token(inside: str) -> str:
    target, _, label = inside.partition("|")
    label = _unescape(label).strip()
    if target.startswith("@"):
        user = target[1:]
        return f"\x01{user}\x02" if is_user_id(user) else f"@{label or user}"
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        return _broadcast(target[1:], label)
    return _link(_unescape(target), label)


def _broadcast(target: str, label: str) -> str:
    """The text of `<!channel>`, `<!subteam^S1|@ops>` or `<!date^…|then>`, which notifies nobody."""
    if target.startswith("date^"):
        return label
    return "@" + (label.lstrip("@") or target.split("^", maxsplit=1)[0] or "channel")


def _link(url: str, label: str) -> str:
    scheme, _, address = url.partition(":")
    if scheme in ("mailto", "tel"):
        return label or address
    if not label or label == url:
        return url
    return label if address.strip("/") == label.strip("/") else f"{label} ({url})"


def _typed_token(match: re.Match[str]) -> str:
    sigil, target, label = match[1], match[2], match[3]
    name = (label or target.split("^")[0]).lstrip("@#")
    return ("#" if sigil == "#" else "@") + name


def _defuse(text: str) -> str:
    """Replace typed tokens until none is left: removing one may leave another."""
    while (quieter := _TYPED_TOKEN.sub(_typed_token, text)) != text:
        text = quieter
    return text


def _unescape(text: str) -> str:
    for entity, char in _ENTITIES:
        text = text.replace(entity, char)
    return text


def _escape_silently(text: str) -> str:
    """Escape, and break `@channel`, `@here` and `@everyone` so that they notify nobody."""
    return _BROADCAST.sub("@\u200b", escape(text))


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _fitting(text: str, limit: int) -> int:
    """The number of characters of `text` that fit into `limit` UTF-16 units."""
    most = max(0, min(len(text), limit))
    if length(text[:most]) == most:
        return most
    units = 0
    for index, char in enumerate(text):
        units += 2 if ord(char) > 0xFFFF else 1
        if units > limit:
            return index
    return len(text)


def _are_joined(before: str, after: str) -> bool:
    """Whether two code points belong to one written character: combining marks, emoji sequences, flags."""
    return (
        bool(unicodedata.combining(after))
        or after in "\u200d\ufe0e\ufe0f\u20e3"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )

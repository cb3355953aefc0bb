"""A user's text is data: in from Slack, kept plain, out again as mrkdwn that notifies nobody it should not.

Inside the house text is plain Unicode without Slack's escapes. The one exception is `<@U…>`, a mention that a person
really made. Everything on its way out goes through `render` (mrkdwn) or `plain` (plain_text objects).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from slugify import slugify

from bot.domain.timeline.entry import BOT

CHANNEL_NAME_LENGTH = 80
ELLIPSIS = "…"
_MENTION = re.compile(r"<@([UW][A-Z0-9]{1,30})>")
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")
_TOKEN = re.compile(r"<([^<>\n]*)>")
_TYPED = re.compile(r"<([@#!])([^<>|\s]*)(?:\|([^<>\n]*))?>")
_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
# C0 controls but tab and newline, lone surrogates, and the marks that turn the reading order of what follows.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_KEPT = re.compile("\x01([UW][A-Z0-9]{1,30})\x02")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_ATOM = re.compile(r"<[^<>\n]*>|&(?:amp|lt|gt);")


def from_command(raw: str) -> str:
    """What Slack sends for a command or a message, as house text; real mentions are kept.

    1. Take Slack's `<…>` tokens apart, real mentions aside.
    2. Unescape the rest, once.
    3. Defuse what only looks like a token, because somebody typed it.
    """
    pieces: list[str] = []
    end = 0
    cleaned = _clean(raw)
    for match in _TOKEN.finditer(cleaned):
        pieces += [_unescape(cleaned[end : match.start()]), _from_token(match[1])]
        end = match.end()
    pieces.append(_unescape(cleaned[end:]))
    return _KEPT.sub(r"<@\1>", _defuse("".join(pieces)))


def from_modal(raw: str | None) -> str:
    """What somebody typed into an input, which Slack does not escape: nothing in it is a mention."""
    return _defuse(_clean(raw or "")).strip()


def names_in(raw: str) -> dict[str, str]:
    """The names Slack sent along with mentions (`<@U1|maya>`), by user ID."""
    found = re.findall(r"<@([UW][A-Z0-9]{1,30})\|([^<>|\n]+)>", raw)
    return {user: _unescape(name) for user, name in found}


def title_of(text: str, names: Mapping[str, str] | None = None) -> str:
    """One line without a mention: `<@U1>` becomes `@maya` where `names` knows her, else `@U1`."""
    known = names or {}
    line = _MENTION.sub(lambda match: "@" + known.get(match[1], match[1]), _clean(text))
    return " ".join(_defuse(line).split())


def without_bot_mention(raw: str, bot_user: str) -> str:
    """The text of a mention of the bot (`<@UBOT> ack`) without the mention."""
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>", "", raw).strip()


def mentions_in(text: str) -> tuple[str, ...]:
    """The user IDs mentioned in house text, in order, each once."""
    return tuple(dict.fromkeys(_MENTION.findall(text)))


def without_mentions(text: str) -> str:
    return _MENTION.sub(" ", text)


def escape(text: str) -> str:
    """Nothing in `text` is markup any more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(text: str) -> str:
    """House text as mrkdwn: escaped, mentions kept, `@channel` and its like broken by a zero-width space."""
    pieces: list[str] = []
    end = 0
    text = _UNWANTED.sub("", text)
    for match in _MENTION.finditer(text):
        pieces += [_quiet(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*pieces, _quiet(text[end:])])


def plain(text: str) -> str:
    """House text for a plain_text object, which knows no mentions; the result is not to be escaped."""
    return title_of(text).replace("<!", "‹!")


def render_recorded(raw: str) -> str:
    """A stored channel message, as Slack sent it, as mrkdwn that mentions nobody."""
    return _quiet(_MENTION.sub(r"@\1", from_command(raw)))


def quote(text: str) -> str:
    """Rendered text as a quotation, line by line."""
    return "\n".join(f"> {line}" if line else ">" for line in text.splitlines())


def mention(person: str) -> str:
    """A user ID as a mention; an e-mail address or a name as text; the bot by its name."""
    if person == BOT:
        return "Tocsin"
    if _USER.fullmatch(person):
        return f"<@{person}>"
    return _quiet(_UNWANTED.sub("", _MENTION.sub(r"@\1", person)))


def is_user_id(person: str) -> bool:
    return _USER.fullmatch(person) is not None


def length(text: str) -> int:
    """UTF-16 units: Slack does not say how it counts, and this is the stricter way."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """At most `limit` long, cut outside entities, tokens and composed characters, ending in an ellipsis."""
    if length(text) <= limit:
        return text
    cut = _fitting(text, limit - 1)
    for atom in _ATOM.finditer(text):
        if atom.start() < cut < atom.end():
            cut = atom.start()
            break
        if atom.start() >= cut:
            break
    while 0 < cut < len(text) and _joined(text[cut - 1], text[cut]):
        cut -= 1
    return text[:cut].rstrip() + ELLIPSIS


def chunks(text: str, limit: int, at_most: int) -> list[str]:
    """`text` in at most so many pieces, cut at line ends, else at spaces, where there are any; the last is clipped."""
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


def channel_name(template: str, number: int, title: str, severity: str, day: date) -> str:
    """A name Slack accepts: lower case, digits, `-` and `_`, at most 80, never empty, never ending in `-`.

    `template` knows `{number}`, `{slug}`, `{severity}`, `{date}`. A title without a single letter Slack takes
    (emoji only, say) leaves just `inc-42`.
    """
    slug = slugify(_defuse(_clean(title)), max_length=CHANNEL_NAME_LENGTH)
    known = {"number": str(number), "slug": slug, "severity": severity, "date": day.isoformat()}
    name = re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], ""), template)
    name = re.sub(r"[^a-z0-9_-]+", "-", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower())
    name = re.sub(r"-{2,}", "-", name)[:CHANNEL_NAME_LENGTH].strip("-_")
    return name if re.search(r"[a-z0-9]", name) and str(number) in name else f"inc-{number}"


def _from_token(inside: str) -> str:
    target, _, label = inside.partition("|")
    label = _unescape(label).strip()
    if target.startswith("@"):
        user = target[1:]
        return f"\x01{user}\x02" if _USER.fullmatch(user) else f"@{label or user}"
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        return _broadcast(target[1:], label)
    return _link(_unescape(target), label)


def _broadcast(target: str, label: str) -> str:
    """`<!channel>`, `<!subteam^S1|@ops>`, `<!date^…|then>`: its words, which notify nobody."""
    if target.startswith("date^"):
        return label
    return "@" + (label.lstrip("@") or target.split("^")[0] or "channel")


def _link(url: str, label: str) -> str:
    scheme, _, address = url.partition(":")
    if scheme in ("mailto", "tel"):
        return label or address
    if not label or label == url:
        return url
    return label if address.strip("/") == label.strip("/") else f"{label} ({url})"


def _typed(match: re.Match[str]) -> str:
    sort, target, label = match[1], match[2], match[3]
    words = (label or target.split("^")[0]).lstrip("@#")
    return ("#" if sort == "#" else "@") + words


def _defuse(text: str) -> str:
    while (quieter := _TYPED.sub(_typed, text)) != text:
        text = quieter
    return text


def _unescape(text: str) -> str:
    for entity, char in _ENTITIES:
        text = text.replace(entity, char)
    return text


def _quiet(text: str) -> str:
    return _BROADCAST.sub("@\u200b", escape(text))


def _clean(text: str) -> str:
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _fitting(text: str, limit: int) -> int:
    """How many characters of `text` take at most `limit` units."""
    most = max(0, min(len(text), limit))
    if length(text[:most]) == most:
        return most
    units = 0
    for index, char in enumerate(text):
        units += 2 if ord(char) > 0xFFFF else 1
        if units > limit:
            return index
    return len(text)


def _joined(before: str, after: str) -> bool:
    """Whether the two belong to one written character: combining marks, emoji sequences, flags."""
    return (
        bool(unicodedata.combining(after))
        or after in "\u200d\ufe0e\ufe0f\u20e3"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )

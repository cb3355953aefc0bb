"""Formats values for the console's pages: instants, spans, people and what people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from bot.domain.access.identity import OPERATOR
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import MENTION, user_ids_in
from bot.operations.base import API

_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+[^\s<>\"'()\[\].,;:!?]")
_MARKS = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w*])\*([^*\s][^*\n]*)\*(?![\w*])")
_MARKUP_OF_MARKS = (Markup("<code>{}</code>"), Markup("<strong>{}</strong>"), Markup("<em>{}</em>"))
_DUE = {
    "update": "Status update", "acknowledge": "Acknowledgement", "mitigate": "Mitigation", "role": "Reminder of roles",
    "review": "Review", "action": "Action item", "playbook": "Playbook step", "communication": "Message to an audience",
    "rehearsal": "End of the rehearsed outage", "drill": "Next event of the drill",
}  # fmt: skip
_ACTORS = {OPERATOR: "the operator", API: "a program", BOT: "Tocsin"}


def instant_of(value: str | datetime | None) -> datetime | None:
    """An instant of the JSON contract, or one that is one already."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


def span_text(seconds: float) -> str:
    """A span, such as `1 h 5 min`."""
    minutes = round(abs(seconds) / 60)
    if minutes < 1:
        return "less than a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts[:2])


@dataclass(frozen=True, slots=True)
class Words:
    """Formats values with the names that are known, as of now."""

    names: Mapping[str, str]
    now: datetime

    def who(self, actor: str | None) -> str:
        """A person's name; their ID where the name is not known."""
        if not actor:
            return "nobody"
        return _ACTORS.get(actor) or self.names.get(actor, actor)

    @staticmethod
    def due(kind: str, rung: int | None = None) -> str:
        """The purpose of a deadline of the ledger."""
        return f"Page of rung {rung}" if rung else _DUE.get(kind, kind.replace("_", " ").capitalize())

    def time(self, value: str | datetime | None) -> Markup:
        """The day and the time of day, in UTC."""
        return self._time(value, "%-d %b, %H:%M" if self._this_year(value) else "%-d %b %Y, %H:%M")

    def clock(self, value: str | datetime | None) -> Markup:
        """The time of day today, else with the day."""
        instant = instant_of(value)
        today = instant is not None and instant.astimezone(UTC).date() == self.now.astimezone(UTC).date()
        return self._time(value, "%H:%M") if today else self.time(value)

    def ago(self, value: str | datetime | None) -> str:
        """The distance of an instant from now, such as `5 min ago` or `in 2 h`."""
        instant = instant_of(value)
        if instant is None:
            return "never"
        seconds = (self.now - instant).total_seconds()
        if abs(seconds) < 60:
            return "just now" if seconds >= 0 else "in a moment"
        span = span_text(seconds)
        return f"{span} ago" if seconds > 0 else f"in {span}"

    def text(self, text: str | None) -> Markup:
        """A text of a person, as HTML: escaped, with names for mentions, links, and line breaks."""
        with_names = MENTION.sub(lambda match: "@" + self.who(match[1]), text or "")
        pieces: list[Any] = []
        end = 0
        for match in _URL.finditer(with_names):
            pieces += [_lines(with_names[end : match.start()])]
            pieces += [Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(match[0], match[0])]
            end = match.end()
        return Markup("").join([*pieces, _lines(with_names[end:])])

    def markdown(self, text: str | None) -> Markup:
        """The same for Markdown: bold, emphasis and code within a line."""
        pieces = []
        for number, part in enumerate(_MARKS.split(text or "")):
            kind = number % 4
            if kind == 0:
                pieces.append(self.text(part))
            elif part:
                pieces.append(_MARKUP_OF_MARKS[kind - 1].format(part if kind == 1 else self.text(part)))
        return Markup("").join(pieces)

    def _this_year(self, value: str | datetime | None) -> bool:
        instant = instant_of(value)
        return instant is None or instant.astimezone(UTC).year == self.now.astimezone(UTC).year

    @staticmethod
    def _time(value: str | datetime | None, form: str) -> Markup:
        instant = instant_of(value)
        if instant is None:
            return Markup('<span class="soft">–</span>')
        machine = instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            machine, f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", f"{instant.astimezone(UTC):{form}}"
        )


def _lines(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def ids_in(values: Iterable[Any]) -> set[str]:
    """The IDs of people anywhere in plain values."""
    return {person for text in _texts(values) for person in user_ids_in(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from _texts(item)

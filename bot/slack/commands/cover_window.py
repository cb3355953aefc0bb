"""Parses the name and the time of `/incident cover`, such as `primary from tomorrow 18:00 for 12h`.

In the example, `primary` is the schedule, the cover begins tomorrow at 18:00, and it lasts twelve hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bot.domain.errors import Refused
from bot.domain.values import durations, time_expressions
from bot.slack import text

_KEYWORD = re.compile(r"\s(from|starting|for|until|till|to)\s+", re.IGNORECASE)
_SYNONYMS = {"starting": "from", "till": "until", "to": "until"}
# `18:00-22:00`, `6pm - 10pm`
_FROM_TO = re.compile(r"(\d(?::\d\d)?(?:\s?[ap]m)?)\s*[-–—]\s*(?=\d{1,2}(?::|\s?[ap]m))", re.IGNORECASE)
_ENDS = frozenset({"for", "until"})
_ECHO_LENGTH = 40
_MOST_WORDS = 20  # of a time, or of the name of a schedule


@dataclass(frozen=True, slots=True)
class CoverWords:
    """The arguments of `cover`, split at their keywords."""

    name: str  # before any keyword
    words: dict[str, str] = field(default_factory=dict)  # what follows `from`, `for` and `until`

    def window(self) -> time_expressions.TimeWindow | None:
        """The time window; None if no time is given. Raises `Refused`."""
        words = self.words
        if not words:
            return None
        if not _ENDS.intersection(words):
            raise Refused("Until when? Add “for 12h” or “until 06:00”.")
        if _ENDS.issubset(words):
            raise Refused("Say for how long, or until when, not both.")
        return time_expressions.TimeWindow(
            time_expressions.parse(words["from"]) if "from" in words else time_expressions.NOW,
            durations.parse_duration(words["for"]) if "for" in words else None,
            time_expressions.parse(words["until"]) if "until" in words else None,
        )


def parse(arguments: str) -> CoverWords:
    """Split the arguments; right after the name, `from` and `for` may be omitted.

    Raises `Refused` for a keyword that occurs twice.
    """
    name, *pieces = _KEYWORD.split(" " + _FROM_TO.sub(r"\1 until ", arguments) + " ")
    words: dict[str, str] = {}
    for word, value in zip(pieces[::2], pieces[1::2], strict=True):
        keyword = _SYNONYMS.get(word.lower(), word.lower())
        if keyword in words:
            raise Refused(f"“{keyword}” is there twice. Write it once.")
        words[keyword] = value.strip()
    parts = name.split()
    for count in range(max(1, len(parts) - _MOST_WORDS), len(parts)):
        tail = " ".join(parts[count:])
        if "from" not in words and _can_parse(time_expressions.parse, tail):
            return CoverWords(" ".join(parts[:count]), {"from": tail, **words})
        if not _ENDS.intersection(words) and _can_parse(durations.parse_duration, tail):
            return CoverWords(" ".join(parts[:count]), {"for": tail, **words})
    return CoverWords(name.strip(), words)


def check_name(name: str, schedules: Collection[str]) -> None:
    """Refuse words between a schedule's name and the time: clearer than saying that there is no such schedule."""
    parts = name.split()
    for count in range(1, min(len(parts), _MOST_WORDS)):
        if " ".join(parts[:count]).lower() in schedules and name.lower() not in schedules:
            after = text.clip(text.title_of(" ".join(parts[count:])), _ECHO_LENGTH)
            raise Refused(f"I don't understand “{after}” there. Write from when, and for how long.")


def _can_parse(parse_value: Callable[[str], object], text: str) -> bool:
    try:
        parse_value(text)
    except Refused:
        return False
    return True

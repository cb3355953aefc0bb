"""From when until when, in what follows `cover`: `primary from tomorrow 18:00 for 12h`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bot.domain.errors import Refused
from bot.domain.values import durations, time_expressions
from bot.slack import text

_WORD = re.compile(r"\s(from|starting|for|until|till|to)\s+", re.IGNORECASE)
_SAME = {"starting": "from", "till": "until", "to": "until"}
# `18:00-22:00`, `6pm - 10pm`
_FROM_TO = re.compile(r"(\d(?::\d\d)?(?:\s?[ap]m)?)\s*[-–—]\s*(?=\d{1,2}(?::|\s?[ap]m))", re.IGNORECASE)
_ENDS = frozenset({"for", "until"})


@dataclass(frozen=True, slots=True)
class CoverWords:
    """The words that stand before any time, and what followed `from`, `for` and `until`."""

    name: str
    words: dict[str, str] = field(default_factory=dict)

    def window(self) -> time_expressions.TimeWindow | None:
        """None where no time is said. Raises `Refused`."""
        said = self.words
        if not said:
            return None
        if not _ENDS.intersection(said):
            raise Refused("Until when? Add “for 12h” or “until 06:00”.")
        if _ENDS.issubset(said):
            raise Refused("Say for how long, or until when, not both.")
        return time_expressions.TimeWindow(
            time_expressions.parse(said["from"]) if "from" in said else time_expressions.NOW,
            durations.parse_duration(said["for"]) if "for" in said else None,
            time_expressions.parse(said["until"]) if "until" in said else None,
        )


def split(rest: str) -> CoverWords:
    """`from` and `for` may be left out, straight after the name. Raises `Refused` for a word that is there twice."""
    name, *pieces = _WORD.split(" " + _FROM_TO.sub(r"\1 until ", rest) + " ")
    said: dict[str, str] = {}
    for word, value in zip(pieces[::2], pieces[1::2], strict=True):
        meant = _SAME.get(word.lower(), word.lower())
        if meant in said:
            raise Refused(f"“{meant}” stands there twice. Write it once.")
        said[meant] = value.strip()
    parts = name.split()
    for count in range(1, len(parts)):
        tail = " ".join(parts[count:])
        if "from" not in said and _reads(time_expressions.parse, tail):
            return CoverWords(" ".join(parts[:count]), {"from": tail, **said})
        if not _ENDS.intersection(said) and _reads(durations.parse_duration, tail):
            return CoverWords(" ".join(parts[:count]), {"for": tail, **said})
    return CoverWords(name.strip(), said)


def check_name(name: str, known: Collection[str]) -> None:
    """Refuse words after a name that say no time: better than that there is no such name."""
    parts = name.split()
    for count in range(1, len(parts)):
        if " ".join(parts[:count]).lower() in known and name.lower() not in known:
            after = text.clip(text.title_of(" ".join(parts[count:])), 40)
            raise Refused(f"I don't understand “{after}” there. Write from when, and for how long.")


def _reads(read: Callable[[str], object], words: str) -> bool:
    try:
        read(words)
    except Refused:
        return False
    return True

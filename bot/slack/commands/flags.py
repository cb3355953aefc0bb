"""Finds the flags `--in INC-42` and `--private` in a command, however people type dashes, quotes and brackets.

`--in INC-42` names the incident that a command is about; `--private` makes a new incident private. Text that looks
like `--in` is either parsed or refused. If it stayed in the text, the verb would act on another incident.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import Refused

MISSING_ID = "After --in I need an incident ID, such as --in INC-42."
UNCLEAR = "Is “{flag}” part of your words, or the incident that you mean? Write --in INC-42, or leave the dash out."
TWO_INCIDENTS = "--in names two incidents. Name one."
LONGEST_NUMBER = 9  # digits
_DASH = r"[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]"  # iOS types — for --
_QUOTES = "\"'“”„‟‘’‚‛«»‹›`´″′*_~\u200b\u200c\u200d\u2060\ufeff\u00ad"  # and characters that nobody sees
# Rows of characters are bounded, since a search begins anew at each character of a long row.
_OPENING, _CLOSING = (f"[{re.escape(_QUOTES + brackets)}]{{0,40}}" for brackets in ("([{<", ")]}>"))
_DASHES = r"(?:-{2,40}|[\u2012-\u2015])"
# `--in`, `-in`, `—in`, `--incident`, wrapped in quotes or not; not the end of a word such as `built-in`.
_FLAG = re.compile(
    rf"(?<![^\W_])(?<!{_DASH})(?P<open>{_OPENING}){_DASH}{{1,3}}in(?:cident)?(?=inc\W?\d|[\W_\d]|$)"
    rf"(?P<between>[\s=:.,;{re.escape(_QUOTES)}()\[\]{{}}<>]*)",
    re.IGNORECASE,
)
_ID = re.compile(
    rf"(?:inc(?:ident)?(?:[\s\#._]|{_DASH})*)?\#?(?P<number>[0-9]{{1,{LONGEST_NUMBER}}})(?![^\W_]|%|[.,:/]\d|{_DASH}\w)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?P<hash>#?)(?P<name>[\w-]+)")
_LINK = re.compile(r"https?://[^\s/]+/archives/(?P<channel>[CG][A-Z0-9]{5,})\S*")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{5,}")
_AFTER = re.compile(f"(?P<quotes>{_CLOSING})(?P<mark>[,;:.!?]*)")
# What may be `--in` or punctuation: `-- in INC-1`, `done—in INC-1`, `ok--in 1`, `--INC-1`.
_UNCLEAR = re.compile(
    rf"{_DASH}{{1,3}}\s+in(?:cident)?\b[\s=:]*#?inc(?:ident)?\W?\d+"
    rf"|(?<=[^\W_]){_DASHES}in\b[\s=:]*#?inc(?:ident)?\W?\d+"
    rf"|(?<=[^\W_])-{{2,40}}in\b[\s=:]*#?\d+"
    rf"|(?<!\w){_DASHES}#?inc(?:ident)?\W?\d+",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    rf"(?<![^\W_])(?<!{_DASH}){_OPENING}{_DASH}{{1,3}}private{_CLOSING}[,;:.!?]*(?=\s|$)"
    rf"|^(?:--+|[\u2013-\u2015])\s+private(?=\s|$)|(?<=\s)(?:--+|[\u2013-\u2015])\s+private$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TypedIncident:
    """The text without `--in`, and the incident that `--in` named: by number, or by the ID of its channel."""

    words: str
    number: int | None = None
    channel: str | None = None

    @property
    def named(self) -> bool:
        """Whether the text had an `--in`."""
        return self.number is not None or self.channel is not None


def split_incident(typed: str, channels: Mapping[str, str], name_template: str) -> TypedIncident:
    """Remove `--in` and its incident from internal text, wherever they are. Raises `Refused` if they are unclear.

    `channels` are the IDs of the channels mentioned in the text, by name; `name_template` is the policy's template for
    the names of incident channels.
    """
    incident = TypedIncident(typed)
    while (flag := _FLAG.search(incident.words)) is not None:
        target, end = _target(incident.words, flag.end(), channels, name_template)
        if incident.named and (target.number, target.channel) != (incident.number, incident.channel):
            raise Refused(TWO_INCIDENTS)
        wrapped = any(character in _QUOTES + "([{<" for character in flag["open"] + flag["between"])
        words = _without(incident.words, flag.start(), end, wrapped=wrapped)
        incident = TypedIncident(words, target.number, target.channel)
    if (unclear := _UNCLEAR.search(incident.words)) is not None:
        raise Refused(UNCLEAR.format(flag=" ".join(unclear[0].split())))
    return incident


def split_private(typed: str) -> tuple[str, bool]:
    """The text without `--private`, and whether it was there. Overlooking it would tell everyone."""
    words, count = _PRIVATE.subn(" ", typed)
    return words.strip(), count > 0


def number_in_name(name: str, template: str) -> int | None:
    """The incident's number in the name of its channel; None for a name that `template` does not give."""
    pattern = ""
    for literal, field, _, _ in string.Formatter().parse(template.lower()):
        pattern += re.escape(literal)
        if field == "number" and "(?P<number>" not in pattern:
            pattern += rf"(?P<number>[0-9]{{1,{LONGEST_NUMBER}}})"
        elif field:
            pattern += r"[\w-]*"
    match = re.fullmatch(rf"(?:drill-)?{pattern}", name.lower())
    return int(match["number"]) if match is not None and "number" in match.groupdict() else None


def _target(typed: str, start: int, channels: Mapping[str, str], name_template: str) -> tuple[TypedIncident, int]:
    """The incident that `--in` names, and where that ends in the text. Raises `Refused` if it names none."""
    if match := _ID.match(typed, start):
        return TypedIncident("", int(match["number"])), match.end()
    if match := _LINK.match(typed, start):
        return TypedIncident("", channel=match["channel"]), match.end()
    if match := _NAME.match(typed, start):
        name = match["name"]
        channel = channels.get(name) or (name if match["hash"] and _CHANNEL_ID.fullmatch(name) else None)
        if channel is not None:
            return TypedIncident("", channel=channel), match.end()
        if (number := number_in_name(name, name_template)) is not None:
            return TypedIncident("", number), match.end()
    raise Refused(MISSING_ID)


def _without(typed: str, start: int, end: int, *, wrapped: bool) -> str:
    """The text without the part from `start` to `end`, and without the quotes around it if it is `wrapped`.

    A comma or full stop after it moves to the word before it.
    """
    head, mark = typed[:start], ""
    if after := _AFTER.match(typed, end):
        mark, end = after["mark"] if wrapped else after[0], after.end()
    tail = typed[end:]
    gap = head[len(head.rstrip()) :] + tail[: len(tail) - len(tail.lstrip())]
    head, tail = head.rstrip(), tail.lstrip()
    if head[-1:].isalnum():
        head += mark
    return head + ("\n" if "\n" in gap else " ") * bool(head and tail) + tail

"""Defines a silence, which keeps alerts with certain labels quiet for a while."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts.alert import harmless
from bot.domain.alerts.routing import is_wanted, pattern_in
from bot.domain.errors import Refused
from bot.domain.values import durations
from bot.domain.values.patterns import pattern_error

EXAMPLE = "silence alertname=HighErrors for 2h Load test"
WITH_SPACES = 'silence alertname="Checkout fails" for 2h'
_LABEL = re.compile(r'\s*([^\s="“”]+)=(?:["“”]([^"“”]*)["“”](?!\S)|(\S+))')
LONGEST = timedelta(days=30)
REASON_LENGTH, VALUE_LENGTH, MOST_LABELS = 300, 300, 20


@dataclass(frozen=True, slots=True)
class Silence:
    """Labels with the value that each must have, exactly or as `/re/`, until an instant."""

    labels: tuple[tuple[str, str], ...]
    starts_at: datetime
    ends_at: datetime
    by: str  # Slack ID of the person, or `tocsin` for the command line
    reason: str = ""
    number: int = 0  # 0 until it is stored

    @property
    def id(self) -> str:
        """The ID that people use, such as `SI-3`."""
        return f"SI-{self.number}"

    @property
    def in_words(self) -> str:
        """The labels that it silences, such as `env=staging, alertname=/High.*/`."""
        return ", ".join(f"{label}={value}" for label, value in self.labels)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it silences an alert with these labels; a missing label counts as empty."""
        return all(is_wanted(value, labels.get(label, "")) for label, value in self.labels)


def parse(text: str, by: str, now: datetime) -> Silence:
    """Read `label=value … for <duration> [reason]`. Raises `Refused` with an example that works."""
    labels: list[tuple[str, str]] = []
    words = text.split()
    while words and words[0].lower() != "for":
        match = _LABEL.match(text)
        if match is None:
            if labels:
                raise Refused("Write a value that has spaces in quotes.", WITH_SPACES)
            raise Refused("Write the labels to silence as label=value, then “for” and a duration.", EXAMPLE)
        label, quoted, plain = match.groups()
        value = plain.strip("\"'“”") if quoted is None else quoted
        if not value:
            raise Refused("Write the labels as label=value, then “for” and a duration.", EXAMPLE)
        labels.append((label, value[:VALUE_LENGTH]))
        text = text[match.end() :]
        words = text.split()
    if not labels or len(labels) > MOST_LABELS:
        raise Refused(f"Name one to {MOST_LABELS} labels: without any, every alert would be silenced.", EXAMPLE)
    if len(words) < 2:
        raise Refused("Say for how long: a silence ends by itself.", EXAMPLE)
    try:
        span = durations.parse_duration(words[1])
    except Refused as refused:
        raise Refused(refused.message, EXAMPLE) from None
    return silence(labels, span, by, " ".join(words[2:]), now)


def format_matcher(label: str, value: str) -> str:
    """A label as `parse` reads it: in quotes if its value has spaces, as a regular expression if it has quotes."""
    if '"' in value or "“" in value or "”" in value or " ".join(value.split()) != value:
        value = "/" + "(?s:.+)".join(re.sub(r'\\?["“”]', ".", re.escape(part)) for part in value.split()) + "/"
    return f'{label}="{value}"' if " " in value else f"{label}={value}"


def silence(labels: Sequence[tuple[str, str]], span: timedelta, by: str, reason: str, now: datetime) -> Silence:
    """A silence from now on. Raises `Refused` for one over 30 days, or with an invalid regular expression."""
    if span > LONGEST:
        raise Refused(f"The longest silence is {LONGEST.days}d. A route with `do: record` lasts.", EXAMPLE)
    for _, value in labels:
        if (pattern := pattern_in(value)) is not None and (error := pattern_error(pattern)):
            raise Refused(f"“{value[:40]}” is not a regular expression. {error}", EXAMPLE)
    return Silence(tuple(labels), now, now + span, by, harmless(reason, REASON_LENGTH))


def silenced_by(alerts: Sequence[Mapping[str, str]], silences: Sequence[Silence]) -> tuple[Silence, ...]:
    """The silences that keep a group quiet, each once: empty if one of its firing alerts is not silenced."""
    used: dict[int, Silence] = {}
    for labels in alerts:
        matching = (candidate for candidate in silences if candidate.matches(labels))
        match = max(matching, key=lambda candidate: candidate.ends_at, default=None)
        if match is None:
            return ()
        used[match.number] = match
    return tuple(used.values())

"""Parses promtool's notation of series, which unit tests of rules use."""

from __future__ import annotations

import math
import re

from bot.domain.errors import TocsinError

EXPANDED = re.compile(r"^(-?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]?Inf)?(?:([+-])([\d.]+(?:e[+-]?\d+)?))?x(\d+)$", re.I)
SERIES = re.compile(r"^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?\s*$", re.DOTALL)
LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:\\.|[^"\\])*)"\s*(?:,|$)')
MOST_SAMPLES = 1_000_000
GAP = math.nan


def expand(values: str) -> list[float | None]:
    """Expand promtool's notation into samples: `1+2x3`, `5x2`, `_`, `_x4`, `stale`. NaN is a gap; None ends the series.

    Raises `TocsinError` for invalid notation.
    """
    samples: list[float | None] = []
    for word in values.split():
        samples += _expand(word)
        if len(samples) > MOST_SAMPLES:
            raise TocsinError(f"“{values[:60]}” are more than {MOST_SAMPLES:,} samples")
    return samples


def _expand(word: str) -> list[float | None]:
    if word == "_":
        return [GAP]
    if word == "stale":
        return [None]
    if match := re.fullmatch(r"_x(\d{1,7})", word):
        return [GAP] * int(match[1])
    if match := EXPANDED.match(word):
        start, count = float(match[1] or 0), int(match[4][:8])
        if count > MOST_SAMPLES:
            raise TocsinError(f"“{word}” are more than {MOST_SAMPLES:,} samples")
        step = float(f"{match[2]}{match[3]}") if match[2] else 0.0
        return [start + number * step for number in range(count + 1)]
    try:
        return [float(word)]
    except ValueError:
        raise TocsinError(
            f"“{word[:40]}” is not a value. Write 1, 0+10x5 (six samples), 1x4 (five), _x3 (three gaps) or stale."
        ) from None


def parse_series(text: str) -> dict[str, str]:
    """Parse the labels of `name{label="value"}`, with the name as `__name__`. Raises `TocsinError`."""
    match = SERIES.match(text)
    if match is None or (match[1] is None and match[2] is None):
        raise TocsinError(f'“{text[:60]}” is no series. Write up{{job="api"}}.')
    labels = {"__name__": match[1]} if match[1] else {}
    rest = (match[2] or "").strip()
    while rest:
        label = LABEL.match(rest)
        if label is None:
            raise TocsinError(f'“{text[:60]}”: “{rest[:30]}” is no label. Write job="api".')
        labels[label[1]] = re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), label[2])
        rest = rest[label.end() :]
    return labels

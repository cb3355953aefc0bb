"""The result of a benchmark, as a row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADINGS = ("figure", "measured", "baseline, same run", "ratio", "bar", "met")


@dataclass(frozen=True, slots=True)
class Figure:
    """`baseline` is the floor, measured in the same run. `met` is None if there is no bar."""

    name: str
    measured: str
    bar: str
    met: bool | None
    baseline: str = ""
    ratio: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return (self.name, self.measured, self.baseline, ratio, self.bar, met)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that the fraction `share` does not exceed; the worst value for a share near 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def pair(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile, as text."""
    return f"p50 {ms(percentile(seconds, 0.5))}, p99 {ms(percentile(seconds, 0.99))}"


def table(figures: Sequence[Figure]) -> str:
    """The table as Markdown, aligned for a terminal."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])

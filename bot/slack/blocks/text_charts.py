"""Draws charts and tables as monospaced text, for workspaces that do not take chart blocks.

Every line fits on a telephone without wrapping. Why no picture: docs/decisions/0012-charts-in-text.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.text import clip

LINE = 38  # characters that a telephone shows in a line of preformatted text
BAR = 20  # cells of the longest bar
FILLS = "█▓▒░"  # the first series is the darkest
OTHERS = "others"
NAME = 15  # characters of a row's name
ROWS = 20


def bars(title: str, categories: Sequence[str], series: Mapping[str, Sequence[int]]) -> Block:
    """A bar for each category, of one part for each series. Series beyond four are summed; a count above 0 shows."""
    plotted = _plotted(series)
    totals = [sum(counts[index] for _, counts in plotted) for index in range(len(categories))]
    scale = min(1.0, BAR / max(1, *totals))
    width = max(map(len, categories), default=0)
    lines = [
        f"{category:<{width}} {_bar([counts[index] for _, counts in plotted], scale)}{totals[index]}"
        for index, category in enumerate(categories)
    ]
    legend = "  ".join(f"{fill} {clip(name, NAME)}" for fill, (name, _) in zip(FILLS, plotted, strict=False))
    return elements.section(f"*{title}*\n{elements.preformatted(chr(10).join([*lines, legend]))}")


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """Rows under a heading: the first column is a name, and the others are aligned to the right."""
    cells = [[clip(name, NAME), *values] for name, *values in ([*head], *rows[:ROWS])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join(
            f"{text:<{width}}" if column == 0 else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    more = [f"… and {len(rows) - ROWS} more"] if len(rows) > ROWS else []
    return elements.section(f"*{title}*\n{elements.preformatted(chr(10).join([*lines, *more]))}")


def _plotted(series: Mapping[str, Sequence[int]]) -> list[tuple[str, Sequence[int]]]:
    plotted = list(series.items())
    if len(plotted) <= len(FILLS):
        return plotted
    kept_count = len(FILLS) - 1
    return [
        *plotted[:kept_count],
        (OTHERS, [sum(counts) for counts in zip(*(c for _, c in plotted[kept_count:]), strict=True)]),
    ]


def _bar(counts: Sequence[int], scale: float) -> str:
    cells = "".join(fill * max(1, round(count * scale)) for fill, count in zip(FILLS, counts, strict=False) if count)
    return f"{cells} " if cells else ""

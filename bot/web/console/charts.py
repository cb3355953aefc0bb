"""Draws small charts as SVG. Beside each stands a table with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

ROW = 38  # pixels: a line of text above its bar
LONGEST_LABEL = 40
MOST_PER_CENT = 88  # of the width, for the longest bar: its count stands behind it


def bars(title: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """Horizontal bars with their counts. Lengths are shares of the width, so that text stays as large on a phone."""
    most = max((count for _, count in rows), default=0) or 1
    pieces = [
        Markup(
            '<text y="{}">{}</text><rect class="bar" y="{}" width="{:.1f}%" height="14" rx="3"/>'
            '<text x="{:.1f}%" dx="6" y="{}">{}</text>'
        ).format(index * ROW + 13, _cut_label(label), index * ROW + 18, length, length, index * ROW + 29, count)
        for index, (label, count) in enumerate(rows)
        for length in [max(0.5, MOST_PER_CENT * count / most)]
    ]
    return Markup('<svg height="{}" role="img" aria-label="{}: {}">{}</svg>').format(
        max(1, len(rows)) * ROW, title, ", ".join(f"{label} {count}" for label, count in rows) or "nothing",
        Markup("").join(pieces),
    )  # fmt: skip


def _cut_label(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"

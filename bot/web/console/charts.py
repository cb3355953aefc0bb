"""Draws small charts as SVG. Beside each stands a table with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, ROW, LABEL, AFTER = 520, 26, 150, 50  # units of the picture
LONGEST_LABEL = 20


def bars(title: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """Horizontal bars with their counts."""
    most = max((count for _, count in rows), default=0) or 1
    height = max(1, len(rows)) * ROW
    pieces = [
        Markup(
            '<text x="{}" y="{}" text-anchor="end">{}</text><rect class="bar" x="{}" y="{}" width="{:.1f}" height="{}" '
            'rx="3"/><text x="{:.1f}" y="{}">{}</text>'
        ).format(
            LABEL - 8, place * ROW + 17, _short(label), LABEL, place * ROW + 5, length, ROW - 10,
            LABEL + length + 6, place * ROW + 17, count,
        )
        for place, (label, count) in enumerate(rows)
        for length in [max(1.0, (WIDTH - LABEL - AFTER) * count / most)]
    ]  # fmt: skip
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}</svg>').format(
        WIDTH, height, title, ", ".join(f"{label} {count}" for label, count in rows) or "nothing",
        Markup("").join(pieces),
    )  # fmt: skip


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"

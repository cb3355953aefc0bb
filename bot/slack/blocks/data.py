"""Builds charts and data tables, each within Slack's limits. A workspace may not have them yet: see `Message`.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block and `data-table-block`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.slack.blocks.elements import Block
from bot.slack.text import clip, length

TITLE = 50
LABEL = 20
SERIES = 6  # Slack's documents say 6 or 12, by their date
CATEGORIES = 20
ROWS = 100  # Slack's documents say 100 or 200, by their date; without the header
COLUMNS = 20
TABLE_TEXT = 8000  # our own bound: Slack takes 10,000 characters in all tables of a message
OTHERS = "others"


def chart(
    kind: str, title: str, categories: Sequence[str], series: Mapping[str, Sequence[float]], y_label: str
) -> Block:
    """A `bar`, `line` or `area` chart: each series has a value for every category. Series beyond six are summed."""
    plotted = list(series.items())
    if len(plotted) > SERIES:
        sums = [sum(values) for values in zip(*(values for _, values in plotted[SERIES - 1 :]), strict=True)]
        plotted = [*plotted[: SERIES - 1], (OTHERS, sums)]
    labels = _distinct([clip(label, LABEL) for label in categories[:CATEGORIES]])
    names = _distinct([clip(name, LABEL) for name, _ in plotted])
    body = {
        "type": kind,
        "series": [
            {"name": name, "data": _points(labels, values)} for name, (_, values) in zip(names, plotted, strict=True)
        ],
        "axis_config": {"categories": labels, "y_label": clip(y_label, TITLE)},
    }
    return {"type": "data_visualization", "title": clip(title, TITLE), "chart": body}


def _points(labels: Sequence[str], values: Sequence[float]) -> list[Block]:
    return [{"label": label, "value": value} for label, value in zip(labels, values[:CATEGORIES], strict=True)]


def cell(text: str) -> Block:
    """A cell of plain text."""
    return {"type": "raw_text", "text": text or "–"}


def number(value: float | None, text: str) -> Block:
    """A cell with a number, by which the column sorts. Without a value it shows a dash."""
    return cell("–") if value is None else {"type": "raw_number", "value": value, "text": text}


def link_cell(text: str, url: str | None) -> Block:
    """A cell with a link, or with plain text if there is no address."""
    return _rich({"type": "link", "url": url, "text": text}) if url else cell(text)


def person_cell(user: str | None, nobody: str) -> Block:
    """A cell that names a person by their Slack ID and does not notify them."""
    if user and user.startswith(("U", "W")):
        return _rich({"type": "user", "user_id": user})
    return cell(user or nobody)


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Block]], size: int = 10) -> Block | None:
    """A sortable table, shown `size` rows at a time. Rows that do not fit are left out; None without rows."""
    room = TABLE_TEXT - sum(map(length, head))
    table_rows: list[list[Block]] = []
    for row in rows[:ROWS]:
        room -= sum(_text_length(table_cell) for table_cell in row)
        if room < 0:
            break
        table_rows.append(list(row))
    if not table_rows:
        return None
    return {
        "type": "data_table",
        "caption": caption,
        "rows": [[cell(name) for name in head[:COLUMNS]], *table_rows],
        "page_size": size,
    }


def _rich(element: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def _text_length(value: object) -> int:
    if isinstance(value, dict):
        own = length(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(map(_text_length, value.values()))
    return sum(map(_text_length, value)) if isinstance(value, list) else 0


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where clipping made two of them equal."""
    counts: dict[str, int] = {}
    labels = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        labels.append(name if counts[name] == 1 else f"{clip(name, LABEL - 3)} {counts[name]}")
    return labels

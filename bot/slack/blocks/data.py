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
    shown = list(series.items())
    if len(shown) > SERIES:
        rest = [sum(values) for values in zip(*(values for _, values in shown[SERIES - 1 :]), strict=True)]
        shown = [*shown[: SERIES - 1], (OTHERS, rest)]
    labels = _unlike([clip(label, LABEL) for label in categories[:CATEGORIES]])
    names = _unlike([clip(name, LABEL) for name, _ in shown])
    body = {
        "type": kind,
        "series": [
            {"name": name, "data": _points(labels, values)} for name, (_, values) in zip(names, shown, strict=True)
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
    """A cell by whose value the column is sorted. Without a value it says that there is none."""
    return cell("–") if value is None else {"type": "raw_number", "value": value, "text": text}


def link_cell(text: str, url: str | None) -> Block:
    """A cell with a link; with plain text where there is none."""
    return _rich({"type": "link", "url": url, "text": text}) if url else cell(text)


def person_cell(user: str | None, nobody: str) -> Block:
    """A cell with a person by their Slack ID, whom it does not notify."""
    if user and user.startswith(("U", "W")):
        return _rich({"type": "user", "user_id": user})
    return cell(user or nobody)


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Block]], size: int = 10) -> Block | None:
    """A table that people can sort and turn the pages of. Rows that do not fit are left out; None without rows."""
    room = TABLE_TEXT - sum(map(length, head))
    kept: list[list[Block]] = []
    for row in rows[:ROWS]:
        room -= sum(_text_length(each) for each in row)
        if room < 0:
            break
        kept.append(list(row))
    if not kept:
        return None
    return {
        "type": "data_table",
        "caption": caption,
        "rows": [[cell(name) for name in head[:COLUMNS]], *kept],
        "page_size": size,
    }


def _rich(element: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def _text_length(value: object) -> int:
    if isinstance(value, dict):
        own = length(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(map(_text_length, value.values()))
    return sum(map(_text_length, value)) if isinstance(value, list) else 0


def _unlike(names: Sequence[str]) -> list[str]:
    """The names, with a number where cutting made two of them the same."""
    seen: dict[str, int] = {}
    unlike = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unlike.append(name if seen[name] == 1 else f"{clip(name, LABEL - 3)} {seen[name]}")
    return unlike

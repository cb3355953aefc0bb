"""Defines Slack's schemas of charts, data tables and containers for the sandbox's validation.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block, `data-table-block` and `container-block`.
"""

from collections.abc import Iterable

from sandbox.elements import IMAGE_ELEMENT
from sandbox.model import Json
from sandbox.richtext import RICH_TEXT
from sandbox.schema_dsl import (
    ID,
    Check,
    Report,
    boolean,
    by_type,
    items,
    number,
    plain,
    quantity,
    record,
    string,
    text,
    typed,
)

CHARTS = 2  # of one message
CELL_TEXT = 10_000  # characters in all cells of all data tables of one message
LABEL = 20
TITLE = 50
SERIES = 12
POINTS = 20
ROWS = 201  # with the header
COLUMNS = 20
_BLOCK: dict[str, Check] = {"block_id": string(ID)}


def _every_category(chart: Json, at: str, report: Report) -> None:
    """Each series has one value for every category, and no two series have the same name."""
    config = chart.get("axis_config")
    categories = config.get("categories") if isinstance(config, dict) else None
    series = chart.get("series")
    if not isinstance(categories, list) or not isinstance(series, list):
        return
    names: list[object] = []
    for index, entry in enumerate(series):
        data = entry.get("data") if isinstance(entry, dict) else None
        if not isinstance(data, list) or not all(isinstance(point, dict) for point in data):
            continue
        if sorted(str(point.get("label")) for point in data) != sorted(map(str, categories)):
            report(f"{at}/series/{index}/data", "must have one value for every category")
        if entry.get("name") in names:
            report(f"{at}/series/{index}/name", f"series name already exists: {entry.get('name')}")
        names.append(entry.get("name"))


_POINT = record({"label": string(LABEL), "value": quantity()})
_AXES = record(
    {"categories": items(string(LABEL), POINTS, fewest=1)}, {"x_label": string(TITLE), "y_label": string(TITLE)}
)


def _with_axes(kind: str) -> Check:
    series = record({"name": string(LABEL), "data": items(_POINT, POINTS, fewest=1)})
    return typed(kind, {"series": items(series, SERIES, fewest=1), "axis_config": _AXES}, rule=_every_category)


_CHART = by_type(
    {
        "pie": typed(
            "pie",
            {"segments": items(record({"label": string(LABEL), "value": quantity(above=0)}), SERIES, fewest=1)},
        ),
        **{kind: _with_axes(kind) for kind in ("bar", "line", "area")},
    }
)

CELLS = {
    "raw_text": typed("raw_text", {"text": string()}),
    "raw_number": typed("raw_number", {"value": quantity(), "text": string()}),
    "rich_text": RICH_TEXT,
}


def _rectangular(table: Json, at: str, report: Report) -> None:
    """All rows have as many cells, the header has no rich text, and the row header is a column of the table."""
    rows = table.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            report(f"{at}/rows/{index}", "all rows must have the same number of cells")
    for index, cell in enumerate(rows[0]):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            report(f"{at}/rows/0/{index}/type", "rich_text is not allowed in the header row")
    column = table.get("row_header_column_index")
    if isinstance(column, int) and column >= width:
        report(f"{at}/row_header_column_index", f"must be less than {width}")


def _check_title(container: Json, at: str, report: Report) -> None:
    if not container.get("title") and not container.get("rich_text_title"):
        report(at, "must provide either title or rich_text_title")
    if container.get("default_collapsed") and not container.get("is_collapsible"):
        report(f"{at}/default_collapsed", "requires is_collapsible")


DATA_BLOCKS: dict[str, Check] = {
    "data_visualization": typed("data_visualization", {"title": string(TITLE), "chart": _CHART}, _BLOCK),
    "data_table": typed(
        "data_table",
        {"caption": string(), "rows": items(items(by_type(CELLS), COLUMNS, fewest=1), ROWS, fewest=2)},
        _BLOCK | {"page_size": number(1, 100), "row_header_column_index": number(0)},
        _rectangular,
    ),
}


def container(children: dict[str, Check]) -> Check:
    """A check for a container of these blocks."""
    return typed(
        "container",
        {"child_blocks": items(by_type(children), 10, fewest=1)},
        _BLOCK
        | {
            "title": plain(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": text(150),
            "icon": IMAGE_ELEMENT,
            "width": string(among=("narrow", "standard", "wide", "full")),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        _check_title,
    )


def check_data_totals(blocks: Iterable[Json], at: str, report: Report) -> None:
    """Report the limits that all charts, or all data tables, of one message exceed together."""
    charts = cells = 0
    for block in blocks:
        charts += block["type"] == "data_visualization"
        if block["type"] == "data_table":
            cells += sum(_length(cell) for row in block["rows"] for cell in row)
    if charts > CHARTS:
        report(at, f"no more than {CHARTS} data_visualization blocks are allowed per message")
    if cells > CELL_TEXT:
        report(at, f"data tables must be less than {CELL_TEXT + 1} characters in all")


def _length(value: object) -> int:
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_length(part) for part in value.values() if isinstance(part, dict | list))
    return sum(map(_length, value)) if isinstance(value, list) else 0

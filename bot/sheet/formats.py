"""Renders the emergency sheet as one self-contained HTML page, and as a PDF."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.sheet.lines import TITLE, Part, parts, validity

if TYPE_CHECKING:
    from fpdf import FPDF

STYLE = (
    "body{font:16px/1.4 system-ui,sans-serif;margin:1rem auto;max-width:60rem;padding:0 1rem}"
    "body{color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}h2{border-bottom:2px solid #111}.wide{overflow-x:auto}"
    # On a telephone each row is a block, and each cell shows the heading of its column.
    "@media screen and (max-width:40rem){thead{position:absolute;clip-path:inset(50%)}"
    "tr{display:block;border:1px solid #767676;margin-bottom:.5rem}td{display:block;border:0;padding:.1rem .5rem;"
    "overflow-wrap:anywhere}td::before{content:attr(data-column) ': ';font-weight:bold}}"
    "@media print{body{font-size:11px;max-width:none;margin:0;padding:0}@page{size:A4;margin:12mm}"
    "h2,h3,h4{break-after:avoid}tr,table{break-inside:avoid}pre{orphans:4;widows:3}}"
)


def as_json(sheet: dict[str, Any]) -> bytes:
    """The sheet for programs."""
    return json.dumps(sheet, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def as_html(sheet: dict[str, Any]) -> bytes:
    """One page without scripts, pictures or links to other files, so that it opens offline."""
    body = "".join(_html(part, 2) for part in parts(sheet))
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{STYLE}</style></head><body><h1>{TITLE}</h1><p>{html.escape(validity(sheet))}</p>{body}</body></html>"
    )
    return page.encode("utf-8", "replace")


def _html(part: Part, level: int) -> str:
    markup = f"<h{level}>{html.escape(part.heading)}</h{level}>"
    if part.rows:
        head = "".join(f"<th scope=col>{html.escape(column)}</th>" for column in part.columns)
        rows = "".join(f"<tr>{_cells(part, row)}</tr>" for row in part.rows)
        markup += (
            f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        )
    if part.lines:
        markup += f"<pre>{html.escape(chr(10).join(part.lines))}</pre>"
    if not (part.rows or part.lines or part.parts):
        markup += "<p>Nothing.</p>"
    return markup + "".join(_html(child, min(level + 1, 6)) for child in part.parts)


def _cells(part: Part, row: Sequence[str]) -> str:
    cells = zip(part.columns, row, strict=True)
    return "".join(f'<td data-column="{html.escape(name)}">{html.escape(cell)}</td>' for name, cell in cells)


def as_pdf(sheet: dict[str, Any]) -> bytes:
    """An A4 document. The built-in fonts have only Latin-1 letters: others lose their accents, or become `?`."""
    from fpdf import FPDF  # noqa: PLC0415 - large, and most processes write no PDF

    class Sheet(FPDF):
        """Each page says how current it is, for when they have come apart."""

        def footer(self) -> None:
            self.set_y(-10)
            self.set_font("Helvetica", "", 7)
            self.cell(0, 4, f"{_latin(validity(sheet))}   Page {self.page_no()} of {{nb}}")

    document = Sheet(format="A4")
    document.set_auto_page_break(auto=True, margin=14)
    document.set_title(TITLE)
    document.add_page()
    _line(document, TITLE, 18, bold=True)
    _line(document, validity(sheet), 9)
    _pdf(document, parts(sheet), 14)
    return bytes(document.output())


def _pdf(document: FPDF, sheet_parts: Sequence[Part], size: int) -> None:
    for part in sheet_parts:
        if document.will_page_break(
            25 if part.rows or part.lines else 40
        ):  # a heading does not stand alone at the end of a page
            document.add_page()
        document.ln(2)
        _line(document, part.heading, size, bold=True)
        for row in part.rows:
            _line(document, "   ".join(row), 9)
        for line in part.lines:
            _line(document, line, 9)
        if not (part.rows or part.lines or part.parts):
            _line(document, "Nothing.", 9)
        _pdf(document, part.parts, 11)


def _line(document: FPDF, text: str, size: int, *, bold: bool = False) -> None:
    document.set_font("Helvetica", "B" if bold else "", size)
    document.multi_cell(0, size * 0.5, _latin(text) or " ", align="L", new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    simplified = text.replace("–", "-").replace("…", "...").replace("“", '"').replace("”", '"').replace("’", "'")
    letters = []
    for letter in simplified:
        plain = letter if ord(letter) < 256 else unicodedata.normalize("NFKD", letter)[:1]
        letters.append(plain if ord(plain) < 256 else "?")
    return "".join(letters)

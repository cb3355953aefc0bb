"""Writes a review as Markdown, HTML or a Word document. Names stand for Slack IDs."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.figures.spans import Spans
from bot.domain.review import chronology
from bot.domain.review.document import Cite, Section, Sentence, cite_label
from bot.domain.review.view import ReviewView
from bot.domain.values import durations
from bot.domain.values.slack_ids import MENTION

if TYPE_CHECKING:
    from docx.document import Document

FIGURE_LABELS = {
    "detect_s": "Started to detected",
    "acknowledge_s": "Detected to acknowledged",
    "identify_s": "Detected to cause found",
    "mitigate_s": "Detected to mitigated",
    "resolve_s": "Detected to resolved",
    "customer_impact_s": "Customers affected for",
}
NOTHING = "Nothing."  # in the place of a section without sentences and questions
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|"})
_FIRST = re.compile(r"^(\d*)([#+-]|[.)](?= ))")  # marks that mean something at the beginning of a line alone
TIMELINE = "timeline"  # the section that is a table


def markdown(view: ReviewView) -> str:
    """The review as Markdown. Each sentence links to the messages that say so."""
    lines = [f"# {_md(title(view))}", "", *_head_lines(view), ""]
    lines += [f"- {label}: {span}" for label, span in figure_lines(view.figures)]
    for section in view.sections:
        body = _md_table(section, view) if section.key == TIMELINE else _md_list(section, view)
        lines += ["", f"## {section.title}", "", *(body or [NOTHING])]
    return "\n".join(lines) + "\n"


def html_page(view: ReviewView) -> str:
    """The review as a page that needs nothing else."""
    parts = [f"<h1>{html.escape(title(view))}</h1>", *(f"<p>{html.escape(line)}</p>" for line in _head_lines(view))]
    rows = "".join(f"<tr><th>{label}</th><td>{span}</td></tr>" for label, span in figure_lines(view.figures))
    parts.append(f"<table>{rows}</table>")
    for section in view.sections:
        body = _html_table(section, view) if section.key == TIMELINE else _html_list(section, view)
        parts += [f'<h2 id="{section.key}">{html.escape(section.title)}</h2>', body]
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
        "th{text-align:left}td,th{padding:.2rem .8rem .2rem 0;vertical-align:top}"
    )
    head = f'<meta charset="utf-8"><title>{html.escape(title(view))}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def docx(view: ReviewView) -> bytes:
    """The review as a Word document."""
    from docx import Document  # noqa: PLC0415 - slow to import, and seldom needed

    document = Document()
    document.add_heading(_xml(title(view)), level=0)
    for line in _head_lines(view):
        document.add_paragraph(_xml(line))
    table = document.add_table(rows=0, cols=2)
    for label, span in figure_lines(view.figures):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, span
    for section in view.sections:
        document.add_heading(section.title, level=1)
        if section.key == TIMELINE and section.sentences:
            _docx_table(document, section, view)
            continue
        for sentence in section.sentences:
            cites = _bracketed(sentence.cites)
            document.add_paragraph(_xml(with_names(sentence.text, view.names) + cites), style="List Bullet")
        if not section.sentences and not section.questions:
            document.add_paragraph(NOTHING)
        for question in section.questions:
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run("Open question").bold = True
            paragraph.add_run(
                _xml(f" for {_person_asked(question.to, view.names)}: {with_names(question.text, view.names)}")
            )
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _docx_table(document: Document, section: Section, view: ReviewView) -> None:
    head, rows = _timeline_table(section, view)
    table = document.add_table(rows=1, cols=len(head), style="Light Grid Accent 1")
    cited = [[*cells[:-1], cells[-1] + _bracketed(cites)] for cells, cites in rows]
    for row_cells in (head, *cited):
        row = table.rows[0] if row_cells is head else table.add_row()
        for cell, text in zip(row.cells, row_cells, strict=True):
            cell.text = _xml(text)


def _timeline_table(section: Section, view: ReviewView) -> tuple[list[str], list[tuple[list[str], tuple[Cite, ...]]]]:
    """The headings of the timeline, and its rows with what they cite. The local time only where it differs from UTC."""
    events = chronology.rows(section)
    local = any(row.local for row in events)
    head = ["UTC", *(["Local"] if local else []), "Who", "What"]
    rows = [
        ([row.utc.removesuffix(" UTC"), *([row.local] if local else []), row.who, row.what], row.cites)
        for row in events
    ]
    return head, [([with_names(cell, view.names) for cell in cells], cites) for cells, cites in rows]


def title(view: ReviewView) -> str:
    """The heading of the whole review."""
    return f"Review of {view.incident.id}: {view.incident.title}"


def figure_lines(figures: Spans) -> list[tuple[str, str]]:
    """Each figure that is known, with its label."""
    values = {name: getattr(figures, name) for name in FIGURE_LABELS}
    return [
        (label, durations.approximate(timedelta(seconds=values[name])))
        for name, label in FIGURE_LABELS.items()
        if values[name] is not None
    ]


def with_names(text: str, names: Mapping[str, str]) -> str:
    """Internal text with names in the place of mentions."""
    return MENTION.sub(lambda match: names.get(match[1], match[1]), text)


def _head_lines(view: ReviewView) -> list[str]:
    review = view.incident.review
    people = ", ".join(view.names.get(person, person) for person in view.participants[:30])
    facilitator = view.names.get(view.facilitator, view.facilitator) if view.facilitator else "nobody yet"
    lines = [f"Severity {view.incident.severity}. Facilitator: {facilitator}. Took part: {people or 'nobody'}."]
    if review is not None:
        ahead = review.completed_at is None
        due = f" Due {review.due_at:%-d %b %Y %H:%M} UTC." if ahead and review.due_at else ""
        meeting_words = (
            f" Takes place {review.scheduled_at:%-d %b %Y %H:%M} UTC." if ahead and review.scheduled_at else ""
        )
        meeting_words = (
            f" Completed {review.completed_at:%-d %b %Y %H:%M} UTC." if review.completed_at else meeting_words
        )
        lines.append(f"State: {review.state}.{due}{meeting_words}")
    if view.incident.private:
        lines.append("This incident is private. Do not pass this on.")
    return lines


def _person_asked(person: str | None, names: Mapping[str, str]) -> str:
    return names.get(person, person) if person else "anybody"


def _md_table(section: Section, view: ReviewView) -> list[str]:
    if not section.sentences:
        return []
    head, rows = _timeline_table(section, view)
    lines = [
        [*map(_md, cells[:-1]), _md(cells[-1]) + _md_cites(Sentence(cells[-1], cites), view.links)]
        for cells, cites in rows
    ]
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines)]


def _html_table(section: Section, view: ReviewView) -> str:
    if not section.sentences:
        return f"<p>{NOTHING}</p>"
    head, rows = _timeline_table(section, view)
    top = "".join(f"<th>{heading}</th>" for heading in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in cells[:-1])}"
        f"<td>{_html(cells[-1])}{_html_cites(cites, view.links)}</td></tr>"
        for cells, cites in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _md_list(section: Section, view: ReviewView) -> list[str]:
    lines = [
        f"- {_md(with_names(sentence.text, view.names))}{_md_cites(sentence, view.links)}"
        for sentence in section.sentences
    ]
    return lines + [
        f"- **Open question** for {_md(_person_asked(question.to, view.names))}:"
        f" {_md(with_names(question.text, view.names))}"
        for question in section.questions
    ]


def _md(text: str) -> str:
    """Text whose code between single backticks stays code; every other mark stands for itself."""
    pieces = _CODE.split(text)  # at odd places stands what was between backticks
    marked = "".join(f"`{piece}`" if index % 2 else piece.translate(_MARKDOWN) for index, piece in enumerate(pieces))
    return _FIRST.sub(r"\1\\\2", marked)


def _html(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _md_cites(sentence: Sentence, links: Mapping[Cite, str]) -> str:
    cites = [f"[{cite_label(cite)}]({links[cite]})" if cite in links else cite_label(cite) for cite in sentence.cites]
    return f" ({', '.join(cites)})" if cites else ""


def _html_list(section: Section, view: ReviewView) -> str:
    items = [
        f"<li>{_html(with_names(sentence.text, view.names))}{_html_cites(sentence.cites, view.links)}</li>"
        for sentence in section.sentences
    ]
    items += [
        f"<li><strong>Open question</strong> for {html.escape(_person_asked(question.to, view.names))}: "
        f"{_html(with_names(question.text, view.names))}</li>"
        for question in section.questions
    ]
    return f"<ul>{''.join(items)}</ul>" if items else f"<p>{NOTHING}</p>"


def _html_cites(cites: Sequence[Cite], links: Mapping[Cite, str]) -> str:
    citations = [
        f'<a href="{html.escape(links[cite])}">{cite_label(cite)}</a>' if cite in links else cite_label(cite)
        for cite in cites
    ]
    return f" <small>({', '.join(citations)})</small>" if citations else ""


def _bracketed(cites: Sequence[Cite]) -> str:
    return "".join(f" [{cite if isinstance(cite, int) else cite_label(cite)}]" for cite in cites)


def _xml(text: str) -> str:
    """Text without the characters that XML does not allow, and without the marks of code."""
    text = _CODE.sub(r"\1", text)
    return "".join(character for character in text if character in "\t\n" or character >= " ")

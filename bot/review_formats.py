"""Writes a review as Markdown, HTML or a Word document. Names stand for Slack IDs."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.domain.figures.spans import Spans
from bot.domain.review.document import Section, Sentence
from bot.domain.review.view import ReviewView
from bot.domain.values import durations
from bot.domain.values.slack_ids import MENTION

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
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>#|"})


def markdown(view: ReviewView) -> str:
    """The review as Markdown. Each sentence links to the messages that say so."""
    lines = [f"# {_md(title(view))}", "", *_head_lines(view), ""]
    lines += [f"- {label}: {span}" for label, span in figure_lines(view.figures)]
    for section in view.sections:
        lines += ["", f"## {section.title}", "", *(_md_list(section, view) or [NOTHING])]
    return "\n".join(lines) + "\n"


def html_page(view: ReviewView) -> str:
    """The review as a page that needs nothing else."""
    parts = [f"<h1>{html.escape(title(view))}</h1>", *(f"<p>{html.escape(line)}</p>" for line in _head_lines(view))]
    rows = "".join(f"<tr><th>{label}</th><td>{span}</td></tr>" for label, span in figure_lines(view.figures))
    parts.append(f"<table>{rows}</table>")
    for section in view.sections:
        parts += [f'<h2 id="{section.key}">{html.escape(section.title)}</h2>', _html_list(section, view)]
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}th{text-align:left}"
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
        for each in section.sentences:
            cites = "".join(f" [{seq}]" for seq in each.cites)
            document.add_paragraph(_xml(named(each.text, view.names) + cites), style="List Bullet")
        if not section.sentences and not section.questions:
            document.add_paragraph(NOTHING)
        for question in section.questions:
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run("Open question").bold = True
            paragraph.add_run(_xml(f" for {_asked(question.to, view.names)}: {named(question.text, view.names)}"))
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


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


def named(text: str, names: Mapping[str, str]) -> str:
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
        held = f" Takes place {review.scheduled_at:%-d %b %Y %H:%M} UTC." if ahead and review.scheduled_at else ""
        held = f" Completed {review.completed_at:%-d %b %Y %H:%M} UTC." if review.completed_at else held
        lines.append(f"State: {review.state}.{due}{held}")
    if view.incident.private:
        lines.append("This incident is private. Do not pass this on.")
    return lines


def _asked(person: str | None, names: Mapping[str, str]) -> str:
    return names.get(person, person) if person else "anybody"


def _md_list(section: Section, view: ReviewView) -> list[str]:
    lines = [f"- {_md(named(each.text, view.names))}{_md_cites(each, view.links)}" for each in section.sentences]
    return lines + [
        f"- **Open question** for {_md(_asked(question.to, view.names))}: {_md(named(question.text, view.names))}"
        for question in section.questions
    ]


def _md(text: str) -> str:
    """Text whose code between single backticks stays code; every other mark stands for itself."""
    pieces = _CODE.split(text)  # at odd places stands what was between backticks
    return "".join(f"`{piece}`" if place % 2 else piece.translate(_MARKDOWN) for place, piece in enumerate(pieces))


def _html(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _md_cites(sentence: Sentence, links: Mapping[int, str]) -> str:
    cites = [f"[#{seq}]({links[seq]})" if seq in links else f"#{seq}" for seq in sentence.cites]
    return f" ({', '.join(cites)})" if cites else ""


def _html_list(section: Section, view: ReviewView) -> str:
    items = [
        f"<li>{_html(named(each.text, view.names))}{_html_cites(each.cites, view.links)}</li>"
        for each in section.sentences
    ]
    items += [
        f"<li><strong>Open question</strong> for {html.escape(_asked(question.to, view.names))}: "
        f"{_html(named(question.text, view.names))}</li>"
        for question in section.questions
    ]
    return f"<ul>{''.join(items)}</ul>" if items else f"<p>{NOTHING}</p>"


def _html_cites(cites: Sequence[int], links: Mapping[int, str]) -> str:
    shown = [f'<a href="{html.escape(links[seq])}">#{seq}</a>' if seq in links else f"#{seq}" for seq in cites]
    return f" <small>({', '.join(shown)})</small>" if shown else ""


def _xml(text: str) -> str:
    """Text without the characters that XML does not allow."""
    return "".join(character for character in text if character in "\t\n" or character >= " ")

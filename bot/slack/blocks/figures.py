"""Builds the answer to `/incident metrics`: the figures of a period as charts and tables, native or in text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.domain.figures.distribution import Distribution
from bot.domain.figures.load import PersonLoad
from bot.domain.figures.report import Period, Report
from bot.domain.figures.split import Row
from bot.domain.figures.text import REACHED, details, headline, row_name, seconds_text, summary, trends
from bot.domain.policy.policy import Policy
from bot.slack.blocks import data, elements, text_charts
from bot.slack.blocks.elements import Block, Message
from bot.slack.text import escape, mention

NOTE = (
    "Times count from the detection. Better and worse are said only where chance rarely does as much, compared "
    "within each severity."
)
READ = "Half of the incidents took at most the median; p75 and p95 say the same of three quarters and of 95 in 100."
TABLE = (
    "Incidents", "Open", "Acknowledge, median", "in time", "Resolve, median", "Resolve, p75", "Resolve, p95",
    "resolved in time",
)  # fmt: skip
_UNITS = ((86_400 * 2, 86_400, "days"), (3600 * 2, 3600, "hours"), (60 * 2, 60, "minutes"), (0, 1, "seconds"))


def figures(report: Report, policy: Policy) -> Message:
    """The figures, with two charts and a table; as monospaced text where the workspace refuses those."""
    head = escape(headline(report))
    title = elements.section(f"*{head}*")
    bullets = _bullets(summary(report))
    details_block = elements.context("\n".join(escape(line) for line in details(report, policy)))
    if not report.incidents:
        return elements.message(head, [title, *bullets, details_block])
    note = elements.context(f"{READ} {NOTE}")
    charted = [title, *bullets, _by_week(report), _times(report), _table(report, policy), details_block]
    native = elements.message(head, [*charted, note])
    plain = elements.message(head, [title, *_in_text(report, policy), *_bullets(trends(report)), details_block, note])
    return Message(native.text, native.blocks, plain.blocks)


def _in_text(report: Report, policy: Policy) -> list[Block | None]:
    """The content of the charts and the table, as monospaced text."""
    counted = report.buckets
    labels = [_label(begin, counted.unit) for begin in counted.starts]
    series = {key.upper(): counts for key, counts in counted.counts.items()}
    measured = {name: report.spans[key] for name, key in (*REACHED.items(), ("Detect", "detect_s"))}
    times = [
        [name, *(seconds_text(getattr(span, which)) for which in ("median", "p75", "p95")), str(span.n)]
        for name, span in measured.items()
        if span.n
    ]
    rows = [
        [name, str(row.incidents), str(row.open), _median(row.acknowledge_s), _median(row.resolve_s)]
        for name, row in _named_rows(report, policy)
    ]
    return [
        text_charts.bars(f"Incidents by {counted.unit}", labels, series) if series else None,
        text_charts.table("Times", ("Time to", "median", "p75", "p95", "n"), times) if times else None,
        text_charts.table(
            f"By {report.by}, with median times", (report.by.capitalize(), "n", "open", "ack", "resolve"), rows
        ),
    ]


def _median(of: Distribution) -> str:
    return "–" if of.median is None else seconds_text(of.median)


def _bullets(lines: Sequence[str]) -> list[Block]:
    return elements.sections("\n".join(f"• {escape(line)}" for line in lines)) if lines else []


def _named_rows(report: Report, policy: Policy) -> list[tuple[str, Row]]:
    return [(row_name(report.by, key, policy), row) for key, row in list(report.rows.items())[: data.ROWS]]


def _by_week(report: Report) -> Block | None:
    counted = report.buckets
    labels = [_label(begin, counted.unit) for begin in counted.starts]
    series = {key.upper(): counts for key, counts in counted.counts.items()}
    return data.chart("bar", f"Incidents by {counted.unit}", labels, series, "incidents") if series else None


def _label(begin: date, unit: str) -> str:
    if unit == "week":
        return f"{begin:%-d %b}"
    if unit == "month":
        return f"{begin:%b %Y}"
    return f"Q{(begin.month + 2) // 3} {begin.year}" if unit == "quarter" else str(begin.year)


def _times(report: Report) -> Block | None:
    """The median and percentiles of each time, in the unit that suits the longest."""
    spans = {name: report.spans[key] for name, key in REACHED.items() if report.spans[key].n}
    longest = max((span.p95 or 0.0 for span in spans.values()), default=0.0)
    if not longest:
        return None
    size, unit = next((size, unit) for least, size, unit in _UNITS if longest >= least)
    series = {name: [_in(getattr(span, name), size) for span in spans.values()] for name in ("median", "p75", "p95")}
    labels = [f"{name} (n {span.n})" for name, span in spans.items()]
    return data.chart("bar", f"Time from the detection, in {unit}", labels, series, unit)


def _in(seconds: float | None, size: int) -> float:
    return round((seconds or 0.0) / size, 2)


def _table(report: Report, policy: Policy) -> Block | None:
    rows = [
        [
            data.cell(name),
            data.number(row.incidents, str(row.incidents)),
            data.number(row.open, str(row.open)),
            _time(row.acknowledge_s, "median"),
            _share(row.kept.acknowledged, row.kept.acknowledge_n),
            *(_time(row.resolve_s, which) for which in ("median", "p75", "p95")),
            _share(row.kept.resolved, row.kept.resolve_n),
        ]
        for name, row in _named_rows(report, policy)
    ]
    caption = f"Incidents by {report.by}, {report.period.start:%-d %b %Y} to {report.period.end:%-d %b %Y}"
    return data.data_table(caption, (report.by.capitalize(), *TABLE), rows)


def _time(of: Distribution, which: str) -> Block:
    seconds: float | None = getattr(of, which)
    return data.number(seconds, "" if seconds is None else seconds_text(seconds))


def _share(part: int, n: int) -> Block:
    return data.number(part / n if n else None, f"{part} of {n}")


def load(loads: Sequence[PersonLoad], period: Period) -> Message:
    """The number of pages to the first person, and to the people whom they lead."""
    own, *led = loads
    head = f"Your load, {period.start:%-d %b %Y} to {period.end:%-d %b %Y}: {own.text}"
    lines = "\n".join(
        f"• {mention(person_load.person)}: {person_load.text}"
        for person_load in sorted(led, key=lambda person_load: -person_load.pages)
    )
    return elements.message(
        head,
        [
            elements.section(f"*{escape(head)}*"),
            *(elements.sections(f"*People you lead*\n{lines}") if led else []),
            elements.context(
                "By each person's own clock; nights are from 22:00 to 07:00. Only you and who leads you see it."
            ),
        ],
    )
